/** What to tell somebody whose request was refused; null where the answer itself is to be shown. */
export function refusal(status: number, retryAfter: string | null): string | null {
  if (status === 401) return "Your session has ended. Sign in again to go on.";
  if (status === 403) return "You may not do this here. Reload the page if you changed accounts.";
  if (status === 404 || status === 410) return "This is no longer there. Reload the page.";
  if (status === 429)
    return `Too many requests. Try again in ${Number(retryAfter) > 1 ? `${Number(retryAfter)} seconds` : "a second"}.`;
  if (status >= 500) return "The server could not answer. Nothing was changed; try again.";
  return null;
}
