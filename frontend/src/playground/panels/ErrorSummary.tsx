import type { Ref } from "react";
import { Alert } from "../../ui/Alert";
import type { FieldIssue } from "../checks";
import { fieldId } from "../fields/FieldRow";
import { t } from "../messages";

interface ErrorSummaryProps {
  issues: readonly FieldIssue[];
  ref: Ref<HTMLDivElement>;
  onGo: (name: string) => void;
}

/** What needs a change, with a way to each field; it takes the focus when a run is refused. */
export function ErrorSummary({ issues, ref, onGo }: ErrorSummaryProps) {
  if (issues.length === 0) {
    return null;
  }
  return (
    <div ref={ref} tabIndex={-1} className="pg-summary">
      <Alert tone="err" title={t.problemsTitle(issues.length)} role="alert">
        <ul>
          {issues.map((issue) => (
            <li key={`${issue.name} ${issue.message}`}>
              <a
                href={`#${fieldId(issue.name)}-field`}
                onClick={(event) => {
                  event.preventDefault();
                  onGo(issue.name);
                }}
              >
                {issue.message}
              </a>
            </li>
          ))}
        </ul>
      </Alert>
    </div>
  );
}
