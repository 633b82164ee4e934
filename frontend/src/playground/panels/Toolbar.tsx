import { Code2, Link2, RotateCcw } from "lucide-react";
import { Button } from "../../ui/Button";
import { Segmented } from "../../ui/Segmented";
import type { Boot } from "../contract";
import { t } from "../messages";
import { ForkButton } from "./ForkButton";
import { WorkspaceSelect } from "./WorkspaceSelect";

interface ToolbarProps {
  boot: Boot;
  view: "form" | "json";
  isApiOpen: boolean;
  isChanged: boolean;
  onView: (view: "form" | "json") => void;
  onReset: () => void;
  onCopyLink: () => void;
  onApi: () => void;
  onWorkspace: (id: string) => void;
}

/** How the inputs are written, and what can be done with the whole page. */
export function Toolbar(props: ToolbarProps) {
  const { boot, view, isApiOpen, isChanged } = props;
  return (
    <div className="pg-toolbar">
      <Segmented
        label={t.view}
        value={view}
        onChange={(next) => props.onView(next as "form" | "json")}
        options={[
          { value: "form", label: t.form },
          { value: "json", label: t.json },
        ]}
      />
      <span className="cluster">
        <WorkspaceSelect boot={boot} onChoose={props.onWorkspace} />
        <Button
          size="sm"
          variant="ghost"
          title={t.resetHint}
          disabled={!isChanged}
          onClick={props.onReset}
        >
          <RotateCcw className="icon icon-sm" aria-hidden />
          <span className="pg-word">{t.reset}</span>
        </Button>
        <Button size="sm" variant="ghost" title={t.copyLinkHint} onClick={props.onCopyLink}>
          <Link2 className="icon icon-sm" aria-hidden />
          <span className="pg-word">{t.copyLink}</span>
        </Button>
        <Button size="sm" variant="ghost" aria-expanded={isApiOpen} onClick={props.onApi}>
          <Code2 className="icon icon-sm" aria-hidden />
          <span className="pg-word">{t.api}</span>
        </Button>
        <ForkButton boot={boot} />
        {boot.urls.open ? (
          <a className="btn btn-sm" href={boot.urls.open}>
            {t.open}
          </a>
        ) : null}
      </span>
    </div>
  );
}
