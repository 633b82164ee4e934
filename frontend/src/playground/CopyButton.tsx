import { Check, Copy } from "lucide-react";
import { useEffect, useState } from "react";
import { IconButton } from "../ui/IconButton";
import { t } from "./messages";
import { useFeedback } from "./state/feedback";

interface CopyButtonProps {
  text: string;
  label?: string;
  said?: string;
}

const SHOWN_MS = 1600;

/** Copies a text and says so. */
export function CopyButton({ text, label = t.copy, said = t.copied }: CopyButtonProps) {
  const { announce, toast } = useFeedback();
  const [isDone, setDone] = useState(false);
  useEffect(() => {
    if (isDone) {
      const timer = window.setTimeout(() => setDone(false), SHOWN_MS);
      return () => window.clearTimeout(timer);
    }
  }, [isDone]);
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text);
      setDone(true);
      announce(said);
    } catch {
      toast(t.copyFailed, { tone: "err" });
    }
  };
  return (
    <IconButton label={isDone ? t.copied : label} tipAt="end" onClick={copy}>
      {isDone ? (
        <Check className="icon icon-sm" aria-hidden />
      ) : (
        <Copy className="icon icon-sm" aria-hidden />
      )}
    </IconButton>
  );
}
