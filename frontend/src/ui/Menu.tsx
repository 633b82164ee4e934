import { type KeyboardEvent, type ReactNode, useEffect, useRef, useState } from "react";

export interface MenuEntry {
  key: string;
  label: ReactNode;
  icon?: ReactNode;
  isDisabled?: boolean;
  onChoose: () => void;
}

interface MenuProps {
  label: string;
  button: ReactNode;
  buttonClass: string;
  entries: readonly MenuEntry[];
  opensUp?: boolean;
}

/** A button with a menu of commands: arrow keys walk, Escape and a click elsewhere close. */
export function Menu({ label, button, buttonClass, entries, opensUp }: MenuProps) {
  const [isOpen, setOpen] = useState(false);
  const root = useRef<HTMLDivElement>(null);
  const trigger = useRef<HTMLButtonElement>(null);
  useEffect(() => {
    if (!isOpen) {
      return;
    }
    itemsOf(root.current)[0]?.focus();
    const leave = (event: Event) => {
      if (!root.current?.contains(event.target as Node)) {
        setOpen(false);
      }
    };
    document.addEventListener("pointerdown", leave);
    return () => document.removeEventListener("pointerdown", leave);
  }, [isOpen]);

  const close = () => {
    setOpen(false);
    trigger.current?.focus();
  };
  return (
    <div className={`menu ${opensUp ? "menu-up" : ""}`} ref={root}>
      <button
        type="button"
        ref={trigger}
        className={buttonClass}
        aria-label={label}
        aria-haspopup="menu"
        aria-expanded={isOpen}
        onClick={() => setOpen(!isOpen)}
      >
        {button}
      </button>
      {isOpen ? (
        <div
          className="menu-panel"
          role="menu"
          tabIndex={-1}
          aria-label={label}
          onKeyDown={(event) => walk(event, root.current, close)}
        >
          {entries.map((entry) => (
            <button
              key={entry.key}
              type="button"
              role="menuitem"
              tabIndex={-1}
              className="menu-item"
              disabled={entry.isDisabled}
              onClick={() => {
                close();
                entry.onChoose();
              }}
            >
              {entry.icon}
              {entry.label}
            </button>
          ))}
        </div>
      ) : null}
    </div>
  );
}

function itemsOf(root: HTMLElement | null): HTMLElement[] {
  return [...(root?.querySelectorAll<HTMLElement>("[role=menuitem]:not(:disabled)") ?? [])];
}

function walk(event: KeyboardEvent, root: HTMLElement | null, close: () => void): void {
  const items = itemsOf(root);
  const at = items.indexOf(document.activeElement as HTMLElement);
  const goals: Record<string, number> = {
    ArrowDown: (at + 1) % items.length,
    ArrowUp: (at - 1 + items.length) % items.length,
    Home: 0,
    End: items.length - 1,
  };
  const goal = goals[event.key];
  if (goal !== undefined) {
    event.preventDefault();
    items[goal]?.focus();
  } else if (event.key === "Escape" || event.key === "Tab") {
    event.stopPropagation();
    close();
  }
}
