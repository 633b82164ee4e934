/** What Alpine gives the methods of a component. */
export interface Part {
  $el: HTMLElement;
  $refs: Record<string, HTMLElement | undefined>;
}

/** The element that an event's handler was bound to. */
export function boundTo(event: Event): HTMLElement {
  return event.currentTarget as HTMLElement;
}
