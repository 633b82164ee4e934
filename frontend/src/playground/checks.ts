/** The server's checks of inputs, as far as they can be made before asking it. */

import type { Inputs, Json } from "./contract";
import { elementOf, type Field, isMediaKind } from "./fields";
import { t } from "./messages";
import { isMediaRef } from "./values";

export interface FieldIssue {
  /** The field's name; an element of a list is reported at its list. */
  name: string;
  message: string;
}

export function checkInputs(fields: readonly Field[], values: Inputs): FieldIssue[] {
  const known = new Set(fields.map((field) => field.name));
  const unknown = Object.keys(values)
    .filter((name) => !known.has(name))
    .map((name) => ({ name, message: t.noSuchInput(name) }));
  const found = fields.flatMap((field) => {
    const message = checkField(field, values[field.name]);
    return message === null ? [] : [{ name: field.name, message }];
  });
  return [...found, ...unknown];
}

/** What is wrong with a field's value; null when nothing is. */
export function checkField(field: Field, value: Json | undefined): string | null {
  if (isEmpty(field, value)) {
    return field.isRequired && isBlank(field.default) ? t.isMissing(field.title) : null;
  }
  return checkValue(field, value as Json);
}

/** Nothing was given; a required text of no characters counts as nothing for people. */
function isEmpty(field: Field, value: Json | undefined): boolean {
  return isBlank(value) || (field.kind === "text" && value === "" && field.isRequired);
}

function isBlank(value: Json | undefined): boolean {
  return value === undefined || value === null;
}

function checkValue(field: Field, value: Json): string | null {
  if (elementOf(field.kind) !== null) {
    return checkList(field, value);
  }
  if (isMediaKind(field.kind)) {
    return isMediaRef(value) ? null : t.mustBeMedia(field.title);
  }
  switch (field.kind) {
    case "text":
      return checkText(field, value);
    case "number":
    case "integer":
      return checkNumber(field, value);
    case "boolean":
      return typeof value === "boolean" ? null : t.mustBeBoolean(field.title);
    default:
      return null;
  }
}

function checkList(field: Field, value: Json): string | null {
  if (!Array.isArray(value)) {
    return t.mustBeList(field.title);
  }
  if (field.maxItems !== undefined && value.length > field.maxItems) {
    return t.tooMany(field.title, field.maxItems);
  }
  for (const [index, item] of value.entries()) {
    const element = field.item && { ...field.item, title: t.item(index) };
    const message = element ? checkField(element, item) : null;
    if (message !== null) {
      return message;
    }
  }
  return null;
}

function checkText(field: Field, value: Json): string | null {
  if (typeof value !== "string") {
    return t.mustBeText(field.title);
  }
  if (field.choices.length > 0 && !field.choices.includes(value)) {
    return t.notAChoice(field.title, field.choices.join(", "));
  }
  // The server counts code points, not UTF-16 units.
  if (field.maxLength !== undefined && value.length > field.maxLength) {
    return [...value].length > field.maxLength ? t.tooLong(field.title, field.maxLength) : null;
  }
  return null;
}

function checkNumber(field: Field, value: Json): string | null {
  if (typeof value !== "number" || !Number.isFinite(value)) {
    return field.kind === "integer" ? t.mustBeInteger(field.title) : t.mustBeNumber(field.title);
  }
  if (field.kind === "integer" && !Number.isSafeInteger(value)) {
    return t.mustBeInteger(field.title);
  }
  if (field.minimum !== undefined && value < field.minimum) {
    return t.atLeast(field.title, field.minimum);
  }
  if (field.maximum !== undefined && value > field.maximum) {
    return t.atMost(field.title, field.maximum);
  }
  return null;
}
