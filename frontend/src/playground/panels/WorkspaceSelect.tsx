import type { Boot } from "../contract";
import { t } from "../messages";

interface WorkspaceSelectProps {
  boot: Boot;
  onChoose: (id: string) => void;
}

/** Whose credits pay and whose history grows; nothing to choose for members of one. */
export function WorkspaceSelect({ boot, onChoose }: WorkspaceSelectProps) {
  if (boot.workspace === null || boot.workspaces.length < 2 || boot.subject.kind === "workflow") {
    return null;
  }
  return (
    <select
      className="input input-sm pg-workspace"
      aria-label={t.workspace}
      value={boot.workspace.id}
      onChange={(event) => onChoose(event.target.value)}
    >
      {boot.workspaces.map((workspace) => (
        <option key={workspace.id} value={workspace.id}>
          {workspace.name}
        </option>
      ))}
    </select>
  );
}
