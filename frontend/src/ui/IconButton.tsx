import type { ButtonHTMLAttributes, ReactNode, Ref } from "react";

interface IconButtonProps extends ButtonHTMLAttributes<HTMLButtonElement> {
  label: string;
  tipAt?: "end" | "top";
  children: ReactNode;
  ref?: Ref<HTMLButtonElement>;
}

/** A button that is a picture; its label is what a reader says and what the tooltip shows. */
export function IconButton({ label, tipAt, className = "", ...rest }: IconButtonProps) {
  return (
    <button
      type="button"
      {...rest}
      className={`icon-btn ${className}`}
      aria-label={label}
      data-tip={label}
      data-tip-at={tipAt}
    />
  );
}
