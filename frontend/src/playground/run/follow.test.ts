import { expect, test } from "vitest";
import { aBoot, aNode, aState } from "../fake/boot";
import { FakeClockwork, FakeStudio } from "../fake/studio";
import { RunStore } from "../state/runStore";
import { parseFrame, socketUrl } from "./follow";

function following() {
  const boot = aBoot();
  const studio = new FakeStudio(boot);
  const clockwork = new FakeClockwork();
  const ended: string[] = [];
  const store = new RunStore(studio, boot.nodes, (run) => ended.push(run.id), clockwork);
  store.begin("exec_1", {}, "live", 1, 14);
  return { studio, clockwork, store, ended, view: () => store.find("exec_1")?.view };
}

test("a run is followed to its end, and that is told once", () => {
  const { studio, view, ended } = following();

  studio.lines[0]?.say(1, "snapshot", aState({ status: "QUEUED" }));
  studio.lines[0]?.say(2, "final", aState({ status: "COMPLETED" }));

  expect(view()?.status).toBe("COMPLETED");
  expect(ended).toEqual(["exec_1"]);
  expect(studio.lines[0]?.isClosed).toBe(true);
});

test("a lost line is opened again after the last event seen", async () => {
  const { studio, clockwork, view } = following();
  studio.lines[0]?.say(1, "snapshot", aState());
  studio.lines[0]?.say(2, "node", aNode("cut"));

  studio.lines[0]?.lose(1006);

  expect(view()?.connection).toBe("reconnecting");
  await clockwork.go(500);
  expect(studio.lines.map((line) => line.since)).toEqual([null, 2]);
});

test("a server that says when to come back is obeyed", async () => {
  const { studio, clockwork } = following();

  studio.lines[0]?.lose(1013, "come back in 3000 ms");
  await clockwork.go(2900);

  expect(studio.lines).toHaveLength(1);
  await clockwork.go(200);
  expect(studio.lines).toHaveLength(2);
});

test("after three failures the run is polled to its end", async () => {
  const { studio, clockwork, view } = following();
  studio.state = aState({ status: "RUNNING" });
  for (let turn = 0; turn < 3; turn += 1) {
    studio.lines.at(-1)?.lose(1006);
    await clockwork.go(2000);
  }

  expect(view()?.connection).toBe("polling");
  studio.state = aState({ status: "COMPLETED" });
  await clockwork.go(5000);

  expect(view()?.status).toBe("COMPLETED");
});

test("while polling, the line is tried again now and then", async () => {
  const { studio, clockwork, view } = following();
  studio.state = aState();
  for (let turn = 0; turn < 3; turn += 1) {
    studio.lines.at(-1)?.lose(1006);
    await clockwork.go(2000);
  }

  await clockwork.go(25_000);
  studio.lines.at(-1)?.say(7, "snapshot", aState());

  expect(studio.lines).toHaveLength(4);
  expect(view()?.connection).toBe("live");
});

test("who may not see the run is polled for, not tried again", async () => {
  const { studio, clockwork } = following();

  studio.lines[0]?.lose(4401);
  await clockwork.go(15_000);

  expect(studio.lines).toHaveLength(1);
});

test("a quiet line is helped by a poll, which tells what runs", async () => {
  const { studio, clockwork, view } = following();
  studio.lines[0]?.say(1, "snapshot", aState({ status: "QUEUED" }));
  studio.state = aState({ nodes: [aNode("scene", { status: "RUNNING", progress: 0 })] });

  await clockwork.go(1000);

  expect(view()?.nodes.find((node) => node.nodeId === "scene")?.status).toBe("RUNNING");
});

test("a final that came by poll alone ends the following", async () => {
  const { studio, clockwork, ended } = following();
  studio.lines[0]?.say(1, "snapshot", aState());
  studio.state = aState({ status: "FAILED" });

  await clockwork.go(1000);

  expect(ended).toEqual(["exec_1"]);
  expect(studio.lines[0]?.isClosed).toBe(true);
});

test.each([["not json"], ["{}"], ['{"seq":"1","type":"node","data":{}}'], ["null"]])(
  "%s is no frame",
  (text) => {
    expect(parseFrame(text)).toBeNull();
  },
);

test("a socket has the page's origin, its scheme made that of sockets, and the number", () => {
  expect(socketUrl("/ws/executions/{id}", "exec_1", 4, "https://a.test/x")).toBe(
    "wss://a.test/ws/executions/exec_1?since=4",
  );
  expect(socketUrl("/ws/executions/", "exec_1", null, "http://a.test:8000/x")).toBe(
    "ws://a.test:8000/ws/executions/exec_1",
  );
});
