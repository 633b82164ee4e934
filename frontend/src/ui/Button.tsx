import type { ButtonHTMLAttributes, Ref } from "react";

interface ButtonProps extends ButtonHTMLAttributes<HTMLButtonElement> {
  variant?: "primary" | "secondary" | "ghost" | "danger";
  size?: "sm" | "md" | "lg";
  isBusy?: boolean;
  ref?: Ref<HTMLButtonElement>;
}

/** A button; while busy it keeps its width and takes no press. */
export function Button({
  variant = "secondary",
  size = "md",
  isBusy = false,
  className = "",
  type = "button",
  ...rest
}: ButtonProps) {
  const sized = size === "md" ? "" : `btn-${size}`;
  const classes = `btn btn-${variant} ${sized} ${className}`;
  return <button {...rest} type={type} className={classes} aria-busy={isBusy || undefined} />;
}
