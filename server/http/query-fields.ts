import { z } from 'zod';

/** A time in a query: Unix milliseconds as digits. */
export function timeMsField(description: string) {
  return digits('must be Unix milliseconds (UTC), digits only').meta({ description });
}

/** A whole number in a query, from `min` to `max`. */
export function countField(description: string, { min, max }: { min: number; max: number }) {
  const message = `must be a whole number from ${min} to ${max}`;
  return digits(message)
    .refine((value) => value >= min && value <= max, { message })
    .meta({ description });
}

function digits(message: string) {
  return z
    .string()
    .regex(/^\d{1,15}$/, { message })
    .transform(Number);
}
