import { GitFork } from "lucide-react";
import type { Boot } from "../contract";
import { t } from "../messages";

/** Makes a template the caller's own workflow: a plain form, as on the template's page. */
export function ForkButton({ boot }: { boot: Boot }) {
  if (!boot.urls.fork || typeof boot.csrf === "string") {
    return null;
  }
  return (
    <form method="post" action={boot.urls.fork}>
      <input type="hidden" name="csrfmiddlewaretoken" value={boot.csrf.token} />
      {boot.workspace ? <input type="hidden" name="workspace" value={boot.workspace.id} /> : null}
      <button type="submit" className="btn btn-sm" title={t.forkHint}>
        <GitFork className="icon icon-sm" aria-hidden />
        {t.fork}
      </button>
    </form>
  );
}
