import { hrefOf } from '../app/router.ts';
import { idOf, streams } from '../store/streams.ts';
import { titleOf } from '../store/titles.ts';

/** To be written. */
export function Wall() {
  return (
    <ul class="wall">
      {(streams.value ?? []).map((stream) => (
        <li key={idOf(stream)}>
          <sluice-player src={`/${idOf(stream)}`} server={document.baseURI} muted autoplay />
          <a href={hrefOf({ page: 'camera', app: stream.app, name: stream.name })}>{titleOf(stream)}</a>
        </li>
      ))}
    </ul>
  );
}
