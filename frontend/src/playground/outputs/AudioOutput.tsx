import { MediaActions } from "./MediaActions";
import type { MediaOutputProps } from "./OutputValue";

/** A sound. */
export function AudioOutput({ name, title, value, tools }: MediaOutputProps) {
  return (
    <figure className="pg-output">
      {/* biome-ignore lint/a11y/useMediaCaption: what a model made has none */}
      <audio
        className="pg-media-sound"
        src={value.url}
        controls
        preload="metadata"
        aria-label={title}
      />
      <MediaActions name={name} value={value} tools={tools} />
    </figure>
  );
}
