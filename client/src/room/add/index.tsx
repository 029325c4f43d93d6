import type { Place } from '../app/router.ts';

/** To be written. */
export function Page({ place }: { place: Extract<Place, { page: 'add' }> }) {
  return <h1>{place.page}</h1>;
}
