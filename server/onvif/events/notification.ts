import { at, childrenOf, textAt, toUnixMs } from '../xml/find.ts';
import type { XmlElement } from '../xml/parse.ts';
import type { Item } from './topics.ts';

/** What a device does with a state: tells it to a new subscriber, changes it, takes it away. `none`: a message without a state. */
export type PropertyOperation = 'initialized' | 'changed' | 'deleted' | 'none';

/** One NotificationMessage (ONVIF Core section 9.4). */
export interface Notification {
  readonly topic: string;
  readonly operation: PropertyOperation;
  /** By the device's clock. */
  readonly utcMs: number | undefined;
  readonly source: readonly Item[];
  readonly data: readonly Item[];
}

/** The messages of a PullMessagesResponse, and the device's time when it sent them. */
export interface PulledMessages {
  readonly notifications: readonly Notification[];
  readonly currentMs: number | undefined;
  readonly terminationMs: number | undefined;
}

const MAX_NOTIFICATIONS = 256;
const MAX_ITEMS = 32;
const MAX_TOPIC_CHARS = 256;
const MAX_VALUE_CHARS = 256;

export function readPulled(reply: XmlElement): PulledMessages {
  return {
    notifications: childrenOf(reply, 'NotificationMessage')
      .slice(0, MAX_NOTIFICATIONS)
      .flatMap(readNotification),
    currentMs: toUnixMs(textAt(reply, 'CurrentTime')),
    terminationMs: toUnixMs(textAt(reply, 'TerminationTime')),
  };
}

function readNotification(element: XmlElement): Notification[] {
  const topic = textAt(element, 'Topic');
  const outer = at(element, 'Message');
  // The one is of WS-Notification, the other ONVIF's own within it; some leave one of them out.
  const message = at(outer, 'Message') ?? outer;
  if (topic === undefined || topic.length > MAX_TOPIC_CHARS || message === undefined) return [];
  return [
    {
      topic: topic.replace(/\s+/g, ''),
      operation: operationOf(message.attributes.get('PropertyOperation')),
      utcMs: toUnixMs(message.attributes.get('UtcTime')),
      source: readItems(at(message, 'Source')),
      data: readItems(at(message, 'Data')),
    },
  ];
}

function operationOf(text: string | undefined): PropertyOperation {
  const lower = text?.toLowerCase();
  return lower === 'initialized' || lower === 'changed' || lower === 'deleted' ? lower : 'none';
}

function readItems(list: XmlElement | undefined): Item[] {
  return childrenOf(list, 'SimpleItem')
    .slice(0, MAX_ITEMS)
    .flatMap((item): Item[] => {
      const name = item.attributes.get('Name');
      const value = item.attributes.get('Value') ?? '';
      return name === undefined || name.length > MAX_VALUE_CHARS
        ? []
        : [[name, value.slice(0, MAX_VALUE_CHARS)]];
    });
}
