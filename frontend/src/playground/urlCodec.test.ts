import { expect, test } from "vitest";
import { addressWith, encodeInputs, MOST_CHARACTERS } from "./urlCodec";

const HERE = "https://pixelflow.test/templates/x/run?workspace=ws_1";

test("an address holds the inputs as JSON, files by their reference alone", () => {
  const url = new URL(
    addressWith(HERE, {
      prompt: "Füße & 🙂",
      photo: { fileId: "file_1", url: "/x", kind: "image" },
    }),
  );

  expect(JSON.parse(url.searchParams.get("in") ?? "")).toEqual({
    prompt: "Füße & 🙂",
    photo: { fileId: "file_1" },
  });
  expect(url.searchParams.get("workspace")).toBe("ws_1");
});

test.each([
  ["a file's bytes", { photo: "data:image/png;base64,AA==" }],
  ["bytes in a list", { photos: ["data:image/png;base64,AA=="] }],
  ["more than an address may have", { prompt: "x".repeat(MOST_CHARACTERS) }],
])("%s is kept out of addresses", (_, values) => {
  expect(encodeInputs(values)).toBeNull();
  expect(addressWith(`${HERE}&in=old`, values)).toBe(HERE);
});

test("an address shows either a run or inputs", () => {
  expect(addressWith(`${HERE}&run=exec_1`, { a: 1 })).not.toContain("run=");
});
