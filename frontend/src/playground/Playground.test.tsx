import { act, cleanup, fireEvent, render, screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import axe from "axe-core";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { Boot } from "./contract";
import { aBoot, aNode, aState } from "./fake/boot";
import { FakeStudio } from "./fake/studio";
import { Playground } from "./Playground";

beforeEach(() => {
  window.sessionStorage.clear();
  window.history.replaceState(null, "", "/templates/backdrop/run");
  // jsdom has no dialogs of its own yet.
  HTMLDialogElement.prototype.showModal = function showModal() {
    this.open = true;
  };
  HTMLDialogElement.prototype.close = function close() {
    this.open = false;
  };
});
afterEach(cleanup);

async function open(change: Partial<Boot> = {}, prepare: (studio: FakeStudio) => void = () => {}) {
  const boot = aBoot(change);
  const studio = new FakeStudio(boot);
  prepare(studio);
  const user = userEvent.setup();
  const view = render(<Playground boot={boot} api={studio} />);
  await act(async () => {});
  return { studio, user, view };
}

const runButton = () => screen.getByRole("button", { name: /^Run/ });
const say = (studio: FakeStudio, seq: number, type: string, data: unknown) =>
  act(async () => studio.lines.at(-1)?.say(seq, type, data));
const DONE = aState({
  status: "COMPLETED",
  progress: 1,
  outputs: {
    picture: { kind: "image", fileId: "file_9", url: "/files/9.png", width: 4, height: 4 },
  },
  nodes: [aNode("cut"), aNode("scene", { credits: 14, type: "model.scene" })],
  credits: { estimated: 14, charged: 14 },
  finishedAt: "2026-01-31T10:00:09.000Z",
});

test("before the first run the example is shown, with its inputs in the form", async () => {
  await open();

  expect(screen.getByLabelText<HTMLTextAreaElement>("Prompt").value).toBe("a cup on a table");
  expect(screen.getAllByText("Example").length).toBeGreaterThan(0);
  expect(runButton().textContent).toBe("Run · 14 cr");
  expect(screen.getByText("balance 1,240 cr")).toBeTruthy();
});

test("a run is sent as the form stands, and its result takes the example's place", async () => {
  const { studio, user } = await open();
  const prompt = screen.getByLabelText("Prompt");
  await user.clear(prompt);
  await user.type(prompt, "a mug");

  await user.click(runButton());
  await say(studio, 1, "snapshot", aState({ status: "QUEUED" }));
  await say(studio, 2, "final", DONE);

  expect(studio.asked).toEqual([
    {
      mode: "live",
      inputs: {
        photo: { asset: "_assets/cup.jpg" },
        prompt: "a mug",
        width: 50,
        fit: "cover",
        seed: 7,
      },
    },
  ]);
  expect(screen.getByText(/charged 14 cr/)).toBeTruthy();
  expect(screen.getByRole("link", { name: "Download picture" }).getAttribute("href")).toBe(
    "/files/9.png",
  );
  expect(screen.getByText("Done in 9.0 s")).toBeTruthy();
});

test("a visitor's run opens sign-up, whose links lead back, and the inputs are kept", async () => {
  const { studio, user } = await open({ user: null, workspace: null });
  await user.type(screen.getByLabelText("Prompt"), " at noon");

  await user.click(runButton());

  const link = within(screen.getByRole("dialog")).getByRole("link", { name: "Create account" });
  const next = new URL(link.getAttribute("href") ?? "", "http://localhost").searchParams.get(
    "next",
  );
  expect(next).toContain("/templates/backdrop/run");
  expect(next).toContain("noon");
  link.addEventListener("click", (event) => event.preventDefault());
  await user.click(link);
  expect(window.sessionStorage.getItem("pixelflow:playground:backdrop")).toContain("at noon");
  expect(studio.asked).toEqual([]);
});

test("who goes to sign up sooner than the address is written still wants to run", async () => {
  const { user } = await open({ user: null, workspace: null });
  const kept = () => window.sessionStorage.getItem("pixelflow:playground:backdrop") ?? "";
  await user.type(screen.getByLabelText("Prompt"), "!");
  await user.click(runButton());
  const link = within(screen.getByRole("dialog")).getByRole("link", { name: "Create account" });
  link.addEventListener("click", (event) => event.preventDefault());

  await user.click(link);
  await waitFor(() => expect(window.location.search).toContain("in="));

  expect(kept()).toContain('"wantsToRun":true');
});

test("who comes back from sign-up has the inputs, and Run has the focus", async () => {
  const kept = {
    values: { photo: { url: "https://a.test/x.png" }, prompt: "kept" },
    wantsToRun: true,
  };
  window.sessionStorage.setItem("pixelflow:playground:backdrop", JSON.stringify(kept));

  await open();

  expect(screen.getByLabelText<HTMLTextAreaElement>("Prompt").value).toBe("kept");
  expect(document.activeElement).toBe(runButton());
});

test("a missing input is reported in a summary that takes the focus and leads to the field", async () => {
  const { studio, user } = await open();
  await user.clear(screen.getByLabelText("Prompt"));

  await user.click(runButton());

  expect(studio.asked).toEqual([]);
  const link = screen.getByRole("link", { name: "Prompt is needed." });
  expect(document.activeElement?.contains(link)).toBe(true);
  await user.click(link);
  await act(() => new Promise((resolve) => setTimeout(resolve, 5)));
  expect(document.activeElement).toBe(screen.getByLabelText("Prompt"));
});

test("what the server refuses is shown at its field", async () => {
  const errors = [{ path: "/inputs/photo", code: "undecodable", message: "This is no picture." }];
  const { user } = await open({}, (studio) => {
    studio.refusals.push({ status: 422, code: "invalid_inputs", detail: "", errors });
  });

  await user.click(runButton());

  expect(screen.getAllByText("This is no picture.").length).toBe(2);
});

test("too few credits are shown step by step, with a way out", async () => {
  const { studio, user } = await open({}, (studio) => {
    studio.refusals.push({
      status: 402,
      code: "insufficient_credits",
      detail: "",
      required: 14,
      balance: 3,
      nodes: [{ nodeId: "scene", type: "model.scene", label: "Scene", credits: 14 }],
    });
  });

  await user.click(runButton());

  const table = screen.getByRole("table");
  expect(within(table).getByRole("row", { name: "Scene 14" })).toBeTruthy();
  expect(within(table).getByRole("row", { name: "Missing 11" })).toBeTruthy();
  expect(screen.getByRole("link", { name: "Top up" }).getAttribute("href")).toBe("/billing");
  await user.click(screen.getByRole("button", { name: "Run in test mode" }));
  expect(studio.asked.at(-1)?.mode).toBe("test");
});

test("a rate limit counts down and offers to run when there is room", async () => {
  const { user } = await open({}, (studio) => {
    studio.refusals.push({
      status: 429,
      code: "rate_limited",
      detail: "Slow down.",
      retryAfter: 9,
    });
  });

  await user.click(runButton());

  expect(screen.getByText(/There is room again in 9 s/)).toBeTruthy();
  const plan = screen.getByRole("button", { name: "Run when there is room" });
  await user.click(plan);
  expect(plan.getAttribute("aria-pressed")).toBe("true");
});

test("a failed run names its step and cause, and is retried from there", async () => {
  const { studio, user } = await open();
  await user.click(runButton());
  await say(studio, 1, "snapshot", aState({ status: "QUEUED" }));
  const error = {
    code: "provider_error",
    message: "The model answered 500.",
    nodeId: "scene",
    retryable: true,
  };

  await say(studio, 2, "final", {
    ...DONE,
    status: "FAILED",
    outputs: {},
    error,
    nodes: [aNode("scene", { status: "FAILED", label: "Scene", error })],
    credits: { estimated: 14, charged: 3 },
  });

  expect(screen.getByText("Scene failed")).toBeTruthy();
  expect(screen.getByText(/Charged 3 cr .* 11 cr were given back/)).toBeTruthy();
  expect(screen.getByRole("alert", { name: "" }).textContent).toContain("Failed: The model");
  await user.click(screen.getByRole("button", { name: "Retry from the failed step" }));
  expect(studio.retried).toEqual(["exec_1"]);
});

test("Stop asks for the run's end, once", async () => {
  const { studio, user } = await open();
  await user.click(runButton());

  await user.click(screen.getByRole("button", { name: /^Stop/ }));

  expect(studio.cancelled).toEqual(["exec_1"]);
});

test("Ctrl+Enter runs from within a field, and twice at once runs once", async () => {
  const { studio } = await open();
  const prompt = screen.getByLabelText("Prompt");

  fireEvent.keyDown(prompt, { key: "Enter", ctrlKey: true });
  fireEvent.keyDown(prompt, { key: "Enter", ctrlKey: true });
  await act(async () => {});

  expect(studio.asked).toHaveLength(1);
});

test("four runs with different seeds go three at a time", async () => {
  const { studio, user } = await open();

  await user.click(screen.getByRole("button", { name: "More ways to run" }));
  await user.click(screen.getByRole("menuitem", { name: "Run ×4 with different seeds" }));

  expect(studio.asked).toHaveLength(3);
  await say(studio, 1, "final", DONE);
  expect(studio.asked).toHaveLength(4);
  expect(new Set(studio.asked.map((request) => request.inputs.seed)).size).toBe(4);
});

test("[ and ] walk through results, but not while somebody writes", async () => {
  const { studio, user } = await open();
  await user.click(runButton());
  await say(studio, 1, "final", DONE);

  fireEvent.keyDown(document.body, { key: "]" });
  expect(screen.getByText("A cup")).toBeTruthy();
  fireEvent.keyDown(screen.getByLabelText("Prompt"), { key: "[" });
  expect(screen.getByText("A cup")).toBeTruthy();
  fireEvent.keyDown(document.body, { key: "[" });
  expect(screen.queryByText("A cup")).toBeNull();
});

test("form and JSON are two views of one value", async () => {
  const { user } = await open();

  await user.click(screen.getByRole("radio", { name: "JSON" }));
  fireEvent.change(screen.getByLabelText("Inputs as JSON"), {
    target: { value: '{"photo": {"fileId": "file_1"}, "prompt": "from JSON", "width": 5}' },
  });
  await user.click(screen.getByRole("radio", { name: "Form" }));

  expect(screen.getByLabelText<HTMLTextAreaElement>("Prompt").value).toBe("from JSON");
});

test("JSON that is none keeps Run back and says why", async () => {
  const { studio, user } = await open();
  await user.click(screen.getByRole("radio", { name: "JSON" }));

  fireEvent.change(screen.getByLabelText("Inputs as JSON"), { target: { value: "{" } });
  await user.click(runButton());

  expect(studio.asked).toEqual([]);
  expect(runButton().getAttribute("aria-disabled")).toBe("true");
  expect(screen.getAllByText(/not valid JSON/).length).toBeGreaterThan(0);
});

test("a result becomes the input, and the code follows the form", async () => {
  const { studio, user } = await open();
  await user.click(runButton());
  await say(studio, 1, "final", DONE);

  await user.click(screen.getByRole("button", { name: "Use as input" }));
  await user.click(screen.getByRole("button", { name: "API" }));

  expect(document.querySelector(".pg-api pre")?.textContent).toContain('"fileId": "file_9"');
});

test("an uploaded file stands in the form by its id", async () => {
  const { studio, user } = await open();
  const chooser = document.querySelector<HTMLInputElement>("input[type=file]");
  const file = new File(["x"], "new.png", { type: "image/png" });

  await user.upload(chooser as HTMLInputElement, file);
  await user.click(runButton());

  expect(studio.asked[0]?.inputs.photo).toEqual({ fileId: "file_new.png" });
});

test("a large file that a visitor chose is sent as a file once there is an account", async () => {
  const photo = `data:image/png;base64,${"A".repeat(120_000)}`;
  const kept = { values: { photo, prompt: "kept" }, wantsToRun: true };
  window.sessionStorage.setItem("pixelflow:playground:backdrop", JSON.stringify(kept));
  const { studio, user } = await open();

  await user.click(runButton());

  expect(studio.asked[0]?.inputs.photo).toEqual({ fileId: "file_photo" });
});

test("a file of another kind is refused in place", async () => {
  await open();
  const chooser = document.querySelector<HTMLInputElement>("input[type=file]");

  fireEvent.change(chooser as HTMLInputElement, {
    target: { files: [new File(["x"], "a.mp3", { type: "audio/mpeg" })] },
  });
  await act(async () => {});

  expect(screen.getByText("This file is no image.")).toBeTruthy();
});

test("a viewer of the workspace cannot run, and reads why", async () => {
  const { studio, user } = await open({ workspace: { id: "ws_1", name: "Studio", canRun: false } });

  await user.click(runButton());

  expect(studio.asked).toEqual([]);
  expect(screen.getAllByText(/Viewers of this workspace/).length).toBeGreaterThan(0);
});

test("a result is shared by a link, until that is stopped", async () => {
  const { studio, user } = await open();
  await user.click(runButton());
  await say(studio, 1, "final", DONE);

  await user.click(screen.getByRole("button", { name: "Share result" }));

  const dialog = screen.getByRole("dialog");
  expect(within(dialog).getByRole<HTMLInputElement>("textbox").value).toBe(
    "http://localhost/shared/exec_1",
  );
  await user.click(within(dialog).getByRole("button", { name: "Stop sharing" }));
  expect(screen.queryByRole("dialog")).toBeNull();
});

test("an earlier run gives its inputs back, and that can be undone", async () => {
  const { user } = await open({}, (studio) => {
    studio.past = [
      {
        executionId: "exec_old",
        status: "COMPLETED",
        mode: "live",
        createdAt: "2026-01-30T10:00:00.000Z",
        inputs: { photo: { url: "https://a.test/x.png" }, prompt: "older" },
        outputs: { picture: "done" },
      },
    ];
  });

  await user.click(screen.getByRole("button", { name: /^Run 1: Done/ }));
  expect(screen.getByLabelText<HTMLTextAreaElement>("Prompt").value).toBe("older");
  await user.click(screen.getByRole("button", { name: "Undo" }));

  expect(screen.getByLabelText<HTMLTextAreaElement>("Prompt").value).toBe("a cup on a table");
});

test("a lost connection is told, and a simulated result carries its mark", async () => {
  const { studio, user } = await open({ mode: "test" });
  await user.click(runButton());
  await say(studio, 1, "snapshot", aState());

  await act(async () => studio.lines.at(-1)?.lose(1006));
  expect(screen.getByText("Connection lost. Reconnecting")).toBeTruthy();
  await say(studio, 2, "final", DONE);
  await act(async () => {
    studio.state = { ...DONE, nodes: [aNode("scene", { simulated: true })] };
    await new Promise((resolve) => setTimeout(resolve, 500));
    studio.lines.at(-1)?.say(2, "final", studio.state);
  });

  expect(screen.getAllByText("Simulated").length).toBeGreaterThan(0);
});

test.each(["form", "run", "drawer", "dialog"])("axe finds nothing wrong: %s", async (state) => {
  const { studio, user, view } = await open(state === "dialog" ? { user: null } : {});
  if (state === "run") {
    await user.click(runButton());
    await say(studio, 1, "snapshot", aState({ nodes: [aNode("scene", { status: "RUNNING" })] }));
  } else if (state === "drawer") {
    await user.click(screen.getByRole("button", { name: "API" }));
  } else if (state === "dialog") {
    await user.click(runButton());
  }

  const found = await axe.run(view.container, {
    rules: { "color-contrast": { enabled: false }, region: { enabled: false } },
  });

  expect(found.violations.map((each) => `${each.id}: ${each.nodes[0]?.html}`)).toEqual([]);
});
