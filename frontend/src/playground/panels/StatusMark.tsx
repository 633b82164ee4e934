import {
  CircleCheck,
  CircleDashed,
  CircleSlash,
  CircleX,
  Clock,
  Hand,
  LoaderCircle,
  Square,
  Zap,
} from "lucide-react";
import { t } from "../messages";

const MARKS = {
  PENDING: { Icon: CircleDashed, look: "idle" },
  QUEUED: { Icon: Clock, look: "queued" },
  RUNNING: { Icon: LoaderCircle, look: "running" },
  PAUSED: { Icon: Hand, look: "waiting" },
  COMPLETED: { Icon: CircleCheck, look: "succeeded" },
  CACHED: { Icon: Zap, look: "cached" },
  FAILED: { Icon: CircleX, look: "failed" },
  SKIPPED: { Icon: CircleSlash, look: "skipped" },
  CANCELLED: { Icon: Square, look: "cancelled" },
};

export type MarkState = keyof typeof MARKS;

interface StatusMarkProps {
  state: MarkState;
  detail?: string;
  isIconOnly?: boolean;
}

/** A state as picture and word, in the one vocabulary of UI.md 1.5. */
export function StatusMark({ state, detail, isIconOnly }: StatusMarkProps) {
  const { Icon, look } = MARKS[state];
  const words = [t.states[state], detail].filter(Boolean).join(" · ");
  return (
    <span className={`status status-${look}`}>
      <Icon className={`icon icon-sm ${state === "RUNNING" ? "spin" : ""}`} aria-hidden />
      <span className={isIconOnly ? "sr-only" : undefined}>{words}</span>
    </span>
  );
}
