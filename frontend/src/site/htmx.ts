import htmx from "htmx.org";
import { csrfToken } from "./csrf";
import { refusal } from "./refusals";
import { toast } from "./toast";

interface Context {
  request: { method: string; headers: Record<string, string> };
  response?: { status: number; headers: Headers };
}

function contextOf(event: Event): Context {
  return (event as CustomEvent<{ ctx: Context }>).detail.ctx;
}

function refuse(event: Event): void {
  const { response } = contextOf(event);
  if (!response) return;
  const text = refusal(response.status, response.headers.get("Retry-After"));
  if (text === null) return;
  event.preventDefault();
  const id = response.headers.get("X-Request-Id");
  toast({ text: response.status >= 500 && id ? `${text} Request ${id}` : text, tone: "err" });
}

/** htmx for our pages: Django's token on writes, the policy's nonce, refusals as toasts. */
export function setUpHtmx(): void {
  const nonce = document.querySelector<HTMLScriptElement>("script[nonce]")?.nonce;
  if (nonce) htmx.config.inlineScriptNonce = nonce;
  document.addEventListener("htmx:config:request", (event) => {
    const { request } = contextOf(event);
    if (request.method !== "GET") request.headers["X-CSRFToken"] = csrfToken();
  });
  document.addEventListener("htmx:before:response", refuse);
  document.addEventListener("htmx:error", () => {
    toast({ text: "No connection to the server. Check the network and try again.", tone: "err" });
  });
}
