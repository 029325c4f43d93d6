import type { Place } from '../app/router.ts';

/** To be written. */
export function Page({ place }: { place: Extract<Place, { page: 'system' }> }) {
  return <h1>{place.page}</h1>;
}
