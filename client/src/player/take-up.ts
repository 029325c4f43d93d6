/**
 * Takes up properties that were set before the element's class was there: until then it was a plain element, whose own
 * properties now hide those of the class.
 */
export function takeUpProperties(element: object, names: readonly string[]): void {
  for (const name of names) {
    const own = Object.getOwnPropertyDescriptor(element, name);
    if (own === undefined) continue;
    Reflect.deleteProperty(element, name);
    Reflect.set(element, name, own.value);
  }
}
