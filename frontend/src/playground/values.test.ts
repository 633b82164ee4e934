import { expect, test } from "vitest";
import { blobOf, inputsToSend, isSame, mediaKey, previewsIn } from "./values";

test("files are sent by reference, other JSON as it is, nothing that is empty", () => {
  const sent = inputsToSend({
    stored: { kind: "image", fileId: "file_1", url: "/x", width: 3, height: 2 },
    linked: { url: "https://example.com/a.png" },
    asset: { asset: "a.jpg", url: "/static/a.jpg" },
    many: [{ fileId: "file_2", url: "/y", kind: "image" }],
    json: { url: "https://example.com", depth: 2 },
    none: null,
  });

  expect(sent).toEqual({
    stored: { fileId: "file_1" },
    linked: { url: "https://example.com/a.png" },
    asset: { asset: "a.jpg" },
    many: [{ fileId: "file_2" }],
    json: { url: "https://example.com", depth: 2 },
  });
});

test("a preview is found again by the bare reference", () => {
  const previews = previewsIn({ photo: { asset: "a.jpg", url: "/static/a.jpg", kind: "image" } });

  expect(previews[mediaKey({ asset: "a.jpg" }) ?? ""]?.url).toBe("/static/a.jpg");
});

test("the order of keys makes no difference", () => {
  expect(isSame({ a: 1, b: [2] }, { b: [2], a: 1 })).toBe(true);
  expect(isSame({ a: 1 }, { a: 2 })).toBe(false);
});

test("the bytes of a data URI come out as they went in", async () => {
  const blob = blobOf("data:image/png;base64,AP9B");

  expect(blob.type).toBe("image/png");
  expect([...new Uint8Array(await blob.arrayBuffer())]).toEqual([0, 255, 65]);
});
