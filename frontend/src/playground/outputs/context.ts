import type { Json, MediaValue } from "../contract";

/** What an output can do beside being shown. */
export interface OutputTools {
  /** Base of the names of downloads. */
  fileName: string;
  /** The picture that went in, for comparison; null where there is none to be shown. */
  before: MediaValue | null;
  /** Input fields that take a value of this kind. */
  takers: (kind: string) => { name: string; title: string }[];
  takeAsInput: ((name: string, value: Json) => void) | null;
}
