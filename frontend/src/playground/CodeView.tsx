import type { ReactNode } from "react";
import { CopyButton } from "./CopyButton";
import { tokensOf } from "./snippets/highlight";

interface CodeViewProps {
  label: string;
  code: string;
  head?: ReactNode;
  said?: string;
}

/** Code with its colours and a button to copy it. */
export function CodeView({ label, code, head, said }: CodeViewProps) {
  return (
    <div className="code-block">
      <div className="code-head">
        <span>{head ?? label}</span>
        <CopyButton text={code} said={said} />
      </div>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keys */}
      <pre tabIndex={0}>
        <code>
          {tokensOf(code).map((token, index) =>
            token.kind === "plain" ? (
              token.text
            ) : (
              // biome-ignore lint/suspicious/noArrayIndexKey: tokens have no other name
              <span key={index} className={`code-${token.kind}`}>
                {token.text}
              </span>
            ),
          )}
        </code>
      </pre>
    </div>
  );
}
