import { type KeyboardEvent, type ReactNode, useId, useRef } from "react";

interface TabsProps<Key extends string> {
  label: string;
  tabs: readonly { key: Key; label: ReactNode }[];
  value: Key;
  onChange: (key: Key) => void;
  children: ReactNode;
}

/** Tabs with one panel; the arrow keys go from tab to tab. */
export function Tabs<Key extends string>(props: TabsProps<Key>) {
  const id = useId();
  const list = useRef<HTMLDivElement>(null);
  const go = (event: KeyboardEvent) => {
    const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (by === undefined) {
      return;
    }
    event.preventDefault();
    const at = props.tabs.findIndex((tab) => tab.key === props.value);
    const next = props.tabs[(at + by + props.tabs.length) % props.tabs.length];
    if (next) {
      props.onChange(next.key);
      list.current?.querySelector<HTMLElement>(`[data-key="${next.key}"]`)?.focus();
    }
  };
  return (
    <>
      <div className="pg-tabs">
        <div className="tabs" role="tablist" aria-label={props.label} ref={list} onKeyDown={go}>
          {props.tabs.map((tab) => (
            <button
              key={tab.key}
              type="button"
              role="tab"
              id={`${id}-${tab.key}`}
              data-key={tab.key}
              className="tab"
              aria-selected={tab.key === props.value}
              aria-controls={`${id}-panel`}
              tabIndex={tab.key === props.value ? 0 : -1}
              onClick={() => props.onChange(tab.key)}
            >
              {tab.label}
            </button>
          ))}
        </div>
      </div>
      <div
        role="tabpanel"
        id={`${id}-panel`}
        aria-labelledby={`${id}-${props.value}`}
        className="pg-panel"
      >
        {props.children}
      </div>
    </>
  );
}
