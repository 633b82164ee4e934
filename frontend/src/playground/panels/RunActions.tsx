import { Share2, SlidersHorizontal, ThumbsDown, ThumbsUp } from "lucide-react";
import { Button } from "../../ui/Button";
import { IconButton } from "../../ui/IconButton";
import { t } from "../messages";
import type { SessionRun } from "../state/runStore";

interface RunActionsProps {
  run: SessionRun;
  onShare: () => void;
  onTweak: () => void;
  onRate: (isGood: boolean | null) => void;
}

/** What comes after a result: tweak, share, say whether it is good. */
export function RunActions({ run, onShare, onTweak, onRate }: RunActionsProps) {
  return (
    <div className="pg-actions">
      <Button size="sm" onClick={onTweak} title={t.tweakHint}>
        <SlidersHorizontal className="icon icon-sm" aria-hidden />
        {t.tweak}
      </Button>
      <Button size="sm" onClick={onShare}>
        <Share2 className="icon icon-sm" aria-hidden />
        {t.share}
      </Button>
      <span className="cluster pg-rating">
        <IconButton
          label={t.good}
          tipAt="top"
          aria-pressed={run.rating === true}
          onClick={() => onRate(run.rating === true ? null : true)}
        >
          <ThumbsUp className="icon icon-sm" aria-hidden />
        </IconButton>
        <IconButton
          label={t.bad}
          tipAt="top"
          aria-pressed={run.rating === false}
          onClick={() => onRate(run.rating === false ? null : false)}
        >
          <ThumbsDown className="icon icon-sm" aria-hidden />
        </IconButton>
      </span>
    </div>
  );
}
