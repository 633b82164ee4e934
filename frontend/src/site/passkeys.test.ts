import { beforeEach, describe, expect, it, vi } from "vitest";
import {
  creationOf,
  obstacleOf,
  reasonOf,
  requestOf,
  setUpPasskeys,
  toBytes,
  toText,
} from "./passkeys";

describe("base64url", () => {
  it("goes there and back with bytes that plain base64 writes as + and /", () => {
    const bytes = Uint8Array.from([251, 255, 190, 0, 1]).buffer;

    expect(toText(bytes)).toBe("-_--AAE");
    expect([...new Uint8Array(toBytes("-_--AAE"))]).toEqual([251, 255, 190, 0, 1]);
  });
});

describe("options", () => {
  it("turns texts into bytes", () => {
    const request = requestOf({
      challenge: "AAE",
      allowCredentials: [{ id: "Ag", type: "public-key" }],
    });

    expect([...new Uint8Array(request.challenge as ArrayBuffer)]).toEqual([0, 1]);
    expect([...new Uint8Array(request.allowCredentials?.[0]?.id as ArrayBuffer)]).toEqual([2]);
  });

  it("asks for a passkey that signs in by itself", () => {
    const user = { id: "AQ", name: "ana@example.com", displayName: "Ana" };

    const creation = creationOf({ challenge: "AA", user });

    expect(creation.authenticatorSelection).toMatchObject({
      residentKey: "required",
      userVerification: "required",
    });
  });
});

describe("what stands in the way", () => {
  it.each([
    ["127.0.0.1", true, "localhost"],
    ["[::1]", true, "localhost"],
    ["example.com", false, "https"],
  ])("%s is said", (host, isSupported, said) => {
    expect(obstacleOf(host, isSupported)).toContain(said);
  });

  it("is nothing on localhost", () => {
    expect(obstacleOf("localhost", true)).toBe("");
  });

  it("is not said when the person closed the window", () => {
    expect(reasonOf(new DOMException("", "NotAllowedError"))).toBe("");
    expect(reasonOf(new Error("boom"))).toContain("Try again");
  });
});

describe("a form", () => {
  beforeEach(() => {
    document.body.innerHTML = `
      <form data-passkey="use" action="/there">
        <input type="hidden" name="credential">
        <button type="submit">Use a passkey</button>
        <p data-passkey-note hidden></p>
      </form>`;
  });

  it("is not sent without an answer, and says why", () => {
    const sent = vi.fn((event: Event) => event.defaultPrevented);
    setUpPasskeys();
    document.addEventListener("submit", sent);

    document.querySelector("button")?.click();

    expect(sent).toHaveReturnedWith(true);
    expect(document.querySelector<HTMLElement>("[data-passkey-note]")?.hidden).toBe(false);
  });
});
