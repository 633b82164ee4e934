/** The input schema as the fields of a form. */

import type { FieldSchema, Inputs, InputsSchema, Json, MediaKind } from "./contract";

type Widget =
  | "text"
  | "textarea"
  | "number"
  | "slider"
  | "seed"
  | "switch"
  | "segmented"
  | "select"
  | "media"
  | "colour"
  | "json"
  | "list";

export interface Field {
  name: string;
  title: string;
  help: string;
  kind: string;
  widget: Widget;
  isRequired: boolean;
  isAdvanced: boolean;
  default: Json | undefined;
  minimum?: number;
  maximum?: number;
  maxLength?: number;
  maxItems?: number;
  choices: string[];
  /** Of a list: a field for each of its elements. */
  item?: Field;
}

const MEDIA = new Set(["image", "mask", "video", "audio", "model3d"]);
const LONG_TEXT = 120;
const SEGMENTS = 4;
const SEGMENTED_CHARACTERS = 36;
const MOST_SLIDER_STEPS = 2000;
const MAX_TEXT = 128 * 1024;
const MAX_LIST = 1000;
const PROSE =
  /prompt|description|text|story|script|message|article|question|instruction|caption|copy/i;

export function isMediaKind(kind: string): kind is MediaKind {
  return MEDIA.has(kind);
}

/** The kind of a list's elements, or null for what is no list. */
export function elementOf(kind: string): string | null {
  return /^list\[(.+)\]$/.exec(kind)?.[1] ?? null;
}

export function fieldsOf(schema: InputsSchema): Field[] {
  const required = new Set(schema.required ?? []);
  const properties = Object.entries(schema.properties ?? {});
  properties.sort(([, one], [, other]) => (one["x-order"] ?? 0) - (other["x-order"] ?? 0));
  return properties.map(([name, property]) => fieldOf(name, property, required.has(name)));
}

export function fieldOf(name: string, schema: FieldSchema, isRequired: boolean): Field {
  const kind = kindOf(schema);
  const field: Field = {
    name,
    title: schema.title || name,
    help: schema.description ?? "",
    kind,
    widget: "text",
    isRequired,
    isAdvanced: false,
    default: schema.default,
    minimum: schema.minimum,
    maximum: schema.maximum,
    maxLength: schema.maxLength,
    maxItems: schema.maxItems,
    choices: (schema.enum ?? []).filter((choice) => typeof choice === "string"),
  };
  field.widget = widgetOf(field, schema);
  field.isAdvanced = isAdvanced(field);
  const element = elementOf(kind);
  if (element !== null) {
    const own = { ...schema.items, "x-kind": element, enum: schema.enum, maximum: schema.maximum };
    field.item = fieldOf(name, { ...own, minimum: schema.minimum, title: field.title }, true);
    field.maxItems ??= MAX_LIST;
  } else if (kind === "text") {
    field.maxLength ??= MAX_TEXT;
  }
  return field;
}

function kindOf(schema: FieldSchema): string {
  if (schema["x-kind"]) {
    return schema["x-kind"];
  }
  const plain: Record<string, string> = {
    string: "text",
    number: "number",
    integer: "integer",
    boolean: "boolean",
  };
  if (schema.type === "array") {
    return `list[${kindOf(schema.items ?? {})}]`;
  }
  return plain[schema.type ?? ""] ?? "json";
}

function widgetOf(field: Field, schema: FieldSchema): Widget {
  if (elementOf(field.kind) !== null) {
    return "list";
  }
  if (isMediaKind(field.kind)) {
    return "media";
  }
  switch (field.kind) {
    case "text":
      return textWidget(field, schema);
    case "integer":
    case "number":
      return numberWidget(field);
    case "boolean":
      return "switch";
    default:
      return "json";
  }
}

function textWidget(field: Field, schema: FieldSchema): Widget {
  if (field.choices.length > 0) {
    const characters = field.choices.reduce((sum, choice) => sum + choice.length, 0);
    const fits = field.choices.length <= SEGMENTS && characters <= SEGMENTED_CHARACTERS;
    return fits ? "segmented" : "select";
  }
  if (schema.format === "color" || schema.format === "colour" || isColour(field)) {
    return "colour";
  }
  if (schema["x-multiline"] !== undefined) {
    return schema["x-multiline"] ? "textarea" : "text";
  }
  if (schema.maxLength !== undefined) {
    return schema.maxLength > LONG_TEXT ? "textarea" : "text";
  }
  const sample = typeof field.default === "string" ? field.default : "";
  return PROSE.test(field.name) || sample.length > 60 || sample.includes("\n")
    ? "textarea"
    : "text";
}

/** A text whose default is a colour: `#ffffff`. */
function isColour(field: Field): boolean {
  return typeof field.default === "string" && /^#[0-9a-f]{6}$/i.test(field.default);
}

function numberWidget(field: Field): Widget {
  if (isSeed(field)) {
    return "seed";
  }
  if (field.minimum === undefined || field.maximum === undefined) {
    return "number";
  }
  const steps = (field.maximum - field.minimum) / stepOf(field);
  return steps > 0 && steps <= MOST_SLIDER_STEPS ? "slider" : "number";
}

export function isSeed(field: Pick<Field, "name" | "kind">): boolean {
  return field.kind === "integer" && /(^|_)seed$/i.test(field.name);
}

/** How far one press of an arrow key moves a number. */
export function stepOf(field: Pick<Field, "kind" | "minimum" | "maximum">): number {
  if (field.kind === "integer") {
    return 1;
  }
  const span = (field.maximum ?? 0) - (field.minimum ?? 0);
  if (!Number.isFinite(span) || span <= 0) {
    return 0.1;
  }
  return 10 ** Math.min(Math.floor(Math.log10(span)) - 2, 0);
}

/** What may stay as it is: an optional field that has a default, or a seed; never one of media. */
function isAdvanced(field: Field): boolean {
  if (field.isRequired || isMediaKind(field.kind)) {
    return false;
  }
  return field.widget === "seed" || (field.default !== undefined && field.default !== null);
}

/** Where the fields of the form stand: the main ones, and those behind "Advanced". */
export function groupFields(fields: readonly Field[]): { main: Field[]; advanced: Field[] } {
  const main = fields.filter((field) => !field.isAdvanced);
  const advanced = fields.filter((field) => field.isAdvanced);
  // A form with nothing but defaults, or with one or two of them, need not hide anything.
  const isShort = main.length === 0 || (advanced.length <= 2 && fields.length <= 4);
  return isShort ? { main: [...fields], advanced: [] } : { main, advanced };
}

/** What a form begins with: given values, else defaults. */
export function initialValues(fields: readonly Field[], given: Inputs | null | undefined): Inputs {
  const values: Inputs = {};
  for (const field of fields) {
    const value = given?.[field.name] ?? field.default;
    if (value !== undefined) {
      values[field.name] = value;
    }
  }
  return values;
}

/** A seed between the field's bounds; `draw` gives a number from 0 up to 1. */
export function drawSeed(field: Field, draw: () => number = Math.random): number {
  const least = Math.ceil(field.minimum ?? 0);
  const most = Math.floor(field.maximum ?? 2 ** 31 - 1);
  return least + Math.floor(draw() * (most - least + 1));
}
