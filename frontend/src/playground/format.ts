/** Numbers, times and sizes as people read them. */

export function seconds(value: number): string {
  if (value < 10) {
    return `${Math.max(value, 0).toFixed(1)} s`;
  }
  if (value < 90) {
    return `${Math.round(value)} s`;
  }
  const minutes = Math.floor(value / 60);
  return `${minutes} min ${Math.round(value - minutes * 60)} s`;
}

/** A running timer: `00:12`. */
export function clock(value: number): string {
  const whole = Math.max(Math.floor(value), 0);
  const pad = (part: number) => String(part).padStart(2, "0");
  return `${pad(Math.floor(whole / 60))}:${pad(whole % 60)}`;
}

export function bytes(value: number): string {
  const units = ["B", "KB", "MB", "GB"];
  let left = value;
  let unit = 0;
  while (left >= 1000 && unit < units.length - 1) {
    left /= 1000;
    unit += 1;
  }
  return `${left >= 10 || unit === 0 ? Math.round(left) : left.toFixed(1)} ${units[unit]}`;
}

export function between(
  start: string | null | undefined,
  end: string | null | undefined,
): number | null {
  if (!start || !end) {
    return null;
  }
  const span = (Date.parse(end) - Date.parse(start)) / 1000;
  return Number.isFinite(span) ? Math.max(span, 0) : null;
}

export function timeOfDay(value: string | number): string {
  return new Date(value).toLocaleTimeString("en-GB", { hour12: false });
}

export function median(values: readonly number[]): number | null {
  const sorted = [...values].sort((one, other) => one - other);
  const middle = Math.floor(sorted.length / 2);
  if (sorted.length === 0) {
    return null;
  }
  const upper = sorted[middle] ?? 0;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? 0) + upper) / 2;
}

/** The extension that a download of this type should have. */
export function extensionOf(contentType: string | undefined, url: string): string {
  const known: Record<string, string> = {
    "image/png": "png",
    "image/jpeg": "jpg",
    "image/webp": "webp",
    "image/gif": "gif",
    "image/svg+xml": "svg",
    "video/mp4": "mp4",
    "video/webm": "webm",
    "audio/mpeg": "mp3",
    "audio/wav": "wav",
    "audio/x-wav": "wav",
    "audio/ogg": "ogg",
    "audio/flac": "flac",
    "audio/mp4": "m4a",
    "model/gltf-binary": "glb",
  };
  const byType = known[(contentType ?? "").split(";")[0]?.trim() ?? ""];
  return byType ?? /\.([a-z0-9]{2,5})(?:[?#]|$)/i.exec(url)?.[1]?.toLowerCase() ?? "bin";
}
