/** The studio API of the playground. */

import type {
  Accepted,
  Boot,
  Estimate,
  ExecutionState,
  HistoryItem,
  Inputs,
  Mode,
  Problem,
  UploadedFile,
} from "../contract";
import { type Line, socketUrl } from "../run/follow";
import { NETWORK_PROBLEM, problemOf } from "../run/refusals";

export class ApiError extends Error {
  constructor(readonly problem: Problem) {
    super(problem.detail);
  }
}

export interface Upload {
  done: Promise<UploadedFile>;
  abort(): void;
}

export interface RunRequest {
  inputs: Inputs;
  mode: Mode;
  maxCredits?: number;
}

export class StudioApi {
  constructor(private readonly boot: Boot) {}

  run(request: RunRequest): Promise<Accepted> {
    const headers = { "Idempotency-Key": crypto.randomUUID() };
    return this.send("POST", this.boot.urls.runs, { ...this.subject(), ...request }, headers);
  }

  estimate(inputs: Inputs, mode: Mode): Promise<Estimate> {
    return this.send("POST", this.boot.urls.estimate, { ...this.subject(), inputs, mode });
  }

  poll(id: string): Promise<ExecutionState & Partial<HistoryItem>> {
    return this.send("GET", this.of(id, ""));
  }

  cancel(id: string): Promise<unknown> {
    return this.send("POST", this.of(id, "/cancel"), this.owner());
  }

  retry(id: string): Promise<Accepted> {
    return this.send("POST", this.of(id, "/retry"), this.owner());
  }

  share(id: string): Promise<{ url: string }> {
    return this.send("POST", this.of(id, "/share"), this.owner());
  }

  unshare(id: string): Promise<unknown> {
    return this.send("DELETE", this.of(id, "/share"));
  }

  rate(id: string, isGood: boolean | null): Promise<unknown> {
    return this.send("POST", this.of(id, "/rating"), { ...this.owner(), isGood });
  }

  async history(): Promise<HistoryItem[]> {
    const { template, workflowId } = this.subject();
    const query: Record<string, string> = template
      ? { template }
      : { workflowId: workflowId ?? "" };
    const url = this.withWorkspace(this.boot.urls.runs, query);
    const found = await this.send<{ items: HistoryItem[] } | HistoryItem[]>("GET", url);
    return Array.isArray(found) ? found : found.items;
  }

  /** Sends a file; `tell` hears how much of it is there, 0 to 1. */
  upload(file: Blob, name: string, tell: (part: number) => void): Upload {
    const request = new XMLHttpRequest();
    const done = new Promise<UploadedFile>((resolve, reject) => {
      request.upload.onprogress = (event) =>
        event.lengthComputable && tell(event.loaded / event.total);
      request.onload = () => {
        const body = parse(request.responseText);
        if (request.status >= 200 && request.status < 300) {
          resolve(fileOf(body));
        } else {
          const wait = request.getResponseHeader("Retry-After");
          reject(new ApiError(problemOf(request.status, body, wait)));
        }
      };
      request.onerror = () => reject(new ApiError(NETWORK_PROBLEM));
      request.onabort = () => reject(new DOMException("", "AbortError"));
    });
    const form = new FormData();
    form.append("file", file, name);
    request.open("POST", this.withWorkspace(this.boot.urls.files));
    for (const [header, value] of Object.entries(this.csrf())) {
      request.setRequestHeader(header, value);
    }
    request.setRequestHeader("Accept", "application/json");
    request.send(form);
    return { done, abort: () => request.abort() };
  }

  openLine(id: string, since: number | null): Line {
    return new WebSocket(
      socketUrl(this.boot.urls.ws, id, since, window.location.href),
    ) as unknown as Line;
  }

  private subject(): { workspace?: string; template?: string; workflowId?: string } {
    const { slug, workflowId, kind } = this.boot.subject;
    const workspace = this.boot.workspace?.id;
    return kind === "template" ? { workspace, template: slug } : { workspace, workflowId };
  }

  private owner(): { workspace?: string } {
    return { workspace: this.boot.workspace?.id };
  }

  private of(id: string, tail: string): string {
    const url = `${this.boot.urls.runs.replace(/\/$/, "")}/${encodeURIComponent(id)}${tail}`;
    return this.withWorkspace(url);
  }

  private withWorkspace(address: string, more: Record<string, string> = {}): string {
    const url = new URL(address, window.location.href);
    for (const [name, value] of Object.entries(more)) {
      url.searchParams.set(name, value);
    }
    if (this.boot.workspace) {
      url.searchParams.set("workspace", this.boot.workspace.id);
    }
    return url.toString();
  }

  private csrf(): Record<string, string> {
    const { csrf } = this.boot;
    return typeof csrf === "string"
      ? { "X-CSRFToken": cookie(csrf || "csrftoken") }
      : { [csrf.header]: csrf.token };
  }

  private async send<Answer>(
    method: string,
    url: string,
    body?: unknown,
    headers: Record<string, string> = {},
  ): Promise<Answer> {
    let response: Response;
    try {
      response = await fetch(url, {
        method,
        credentials: "same-origin",
        headers: {
          Accept: "application/json",
          ...(body === undefined ? {} : { "Content-Type": "application/json" }),
          ...(method === "GET" ? {} : this.csrf()),
          ...headers,
        },
        body: body === undefined ? undefined : JSON.stringify(body),
      });
    } catch {
      throw new ApiError(NETWORK_PROBLEM);
    }
    const found = parse(await response.text());
    if (!response.ok) {
      throw new ApiError(problemOf(response.status, found, response.headers.get("Retry-After")));
    }
    return found as Answer;
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** The public API says `id`, `contentType` and `bytes`; the studio may say it either way. */
function fileOf(body: unknown): UploadedFile {
  const file = body as UploadedFile & { id?: string };
  return { ...file, fileId: file.fileId ?? file.id ?? "" };
}

function cookie(name: string): string {
  const found = document.cookie.split("; ").find((part) => part.startsWith(`${name}=`));
  return found ? decodeURIComponent(found.slice(name.length + 1)) : "";
}

export function problemFrom(error: unknown): Problem {
  return error instanceof ApiError ? error.problem : NETWORK_PROBLEM;
}
