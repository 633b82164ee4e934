/** Files on their way into a field: of people with an account to the server, of visitors kept here. */

import type { Boot, Json, MediaValue } from "../contract";
import { bytes } from "../format";
import { t } from "../messages";
import { problemFrom, type StudioApi } from "./api";

/** What a visitor's file may have, to be kept in the page until there is an account. */
const VISITOR_BYTES = 3 * 1024 * 1024;

interface Incoming {
  value: Json;
  preview: MediaValue;
}

export interface Arrival {
  done: Promise<Incoming>;
  abort(): void;
}

export type Receive = (file: File, kind: string, tell: (part: number) => void) => Arrival;

/** What a file chooser offers for a kind. */
export const ACCEPT: Record<string, string> = {
  image: "image/png,image/jpeg,image/webp,image/gif,image/avif,image/tiff,image/bmp",
  mask: "image/png,image/jpeg,image/webp",
  video: "video/mp4,video/webm,video/quicktime",
  audio: "audio/*",
  model3d: ".glb,model/gltf-binary",
};

/** Why a file cannot be taken; null when it can, as far as can be told before it is read. */
export function whyNot(file: File, kind: string, boot: Boot): string | null {
  const family = kind === "mask" ? "image" : kind;
  if (family !== "model3d" && file.type && !file.type.startsWith(`${family}/`)) {
    return t.wrongFile(t.kinds[kind] ?? kind);
  }
  const limit = limitOf(family, boot);
  if (limit !== undefined && file.size > limit) {
    return t.uploadTooBig(bytes(limit));
  }
  return boot.user === null && file.size > VISITOR_BYTES ? t.visitorFileTooBig : null;
}

export function receiver(boot: Boot, api: StudioApi): Receive {
  return (file, kind, tell) => {
    const problem = whyNot(file, kind, boot);
    if (problem !== null) {
      return { done: Promise.reject(new Error(problem)), abort: () => {} };
    }
    return boot.user === null ? keptHere(file, kind) : sent(api, file, tell);
  };
}

function keptHere(file: File, kind: string): Arrival {
  const done = readDataUri(file).then((uri) => ({
    value: uri,
    preview: { kind, url: uri, contentType: file.type, bytes: file.size },
  }));
  return { done, abort: () => {} };
}

function sent(api: StudioApi, file: File, tell: (part: number) => void): Arrival {
  const upload = api.upload(file, file.name || "pasted", tell);
  const done = upload.done.then(
    (stored) => ({ value: { fileId: stored.fileId }, preview: stored }),
    (error) => {
      if (error instanceof DOMException) {
        throw error;
      }
      throw new Error(t.uploadFailed(problemFrom(error).detail));
    },
  );
  return { done, abort: upload.abort };
}

function readDataUri(file: File): Promise<string> {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(String(reader.result));
    reader.onerror = () => reject(new Error(t.mediaFailed));
    reader.readAsDataURL(file);
  });
}

function limitOf(family: string, boot: Boot): number | undefined {
  const limits = boot.limits ?? {};
  const byFamily: Record<string, number | undefined> = {
    image: limits.imageBytes,
    video: limits.videoBytes,
    audio: limits.audioBytes,
  };
  return family in byFamily ? byFamily[family] : limits.otherBytes;
}
