import { CircleAlert, CircleCheck, Info, TriangleAlert } from "lucide-react";
import type { ReactNode } from "react";

interface AlertProps {
  tone: "ok" | "warn" | "err" | "info" | "accent";
  title?: string;
  role?: "alert" | "status";
  children?: ReactNode;
}

const ICONS = {
  ok: CircleCheck,
  warn: TriangleAlert,
  err: CircleAlert,
  info: Info,
  accent: Info,
};

/** A message in place: what is the matter, and what to do about it. */
export function Alert({ tone, title, role, children }: AlertProps) {
  const Icon = ICONS[tone];
  return (
    <div className={`alert alert-${tone}`} role={role}>
      <Icon className="icon" aria-hidden />
      <div>
        {title ? <p className="alert-title">{title}</p> : null}
        {children}
      </div>
    </div>
  );
}
