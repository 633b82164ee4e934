/** What fields need beside their value: files on their way, pictures to show, words to say. */

import { createContext, useContext } from "react";
import type { Json, MediaValue } from "../contract";
import type { Receive } from "./uploads";

export interface FormTools {
  previews: Readonly<Record<string, MediaValue>>;
  addPreview: (value: Json, preview: MediaValue) => void;
  receive: Receive;
  /** References that examples have for a field, to be chosen with one press. */
  examplesOf: (name: string) => readonly Json[];
  /** What keeps a field from being run, beside its value: a file under way, JSON that is none. */
  block: (key: string, message: string | null) => void;
}

export const FormToolsContext = createContext<FormTools | null>(null);

export function useFormTools(): FormTools {
  const tools = useContext(FormToolsContext);
  if (tools === null) {
    throw new Error("A field stands outside of a form.");
  }
  return tools;
}

/** The policy of the page lets through pictures of our own origin, and bytes. */
export function isShowable(url: string | undefined): url is string {
  if (!url) {
    return false;
  }
  if (/^(data|blob):/.test(url)) {
    return true;
  }
  return new URL(url, window.location.href).origin === window.location.origin;
}
