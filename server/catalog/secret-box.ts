import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { chmodSync, closeSync, fsyncSync, openSync, readFileSync, writeSync } from 'node:fs';

const KEY_BYTES = 32;
const IV_BYTES = 12;
const TAG_BYTES = 16;

/**
 * Encrypts camera passwords at rest with AES-256-GCM, so that a copy of the database alone (a backup, a support
 * bundle) tells none. The key lies beside it in a file that only the gateway's user may read.
 */
export class SecretBox {
  readonly #key: Buffer;

  constructor(key: Buffer) {
    this.#key = key;
  }

  /** Reads the key file, or makes it (mode 0600). Throws where it is there but is no key. */
  static open(keyFile: string): SecretBox {
    try {
      return new SecretBox(SecretBox.#create(keyFile));
    } catch (failure) {
      if (!(failure instanceof Error && 'code' in failure && failure.code === 'EEXIST')) throw failure;
    }
    const key = readFileSync(keyFile);
    if (key.length !== KEY_BYTES) {
      throw new Error(
        `${keyFile} is no key of ${KEY_BYTES} bytes; restore it from a backup, or remove it and enter the camera passwords again`,
      );
    }
    chmodSync(keyFile, 0o600);
    return new SecretBox(key);
  }

  static #create(keyFile: string): Buffer {
    const key = randomBytes(KEY_BYTES);
    const file = openSync(keyFile, 'wx', 0o600);
    try {
      writeSync(file, key);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    return key;
  }

  /** `context` binds the secret to its row: it does not open anywhere else. */
  seal(secret: string, context: string): Buffer {
    const iv = randomBytes(IV_BYTES);
    const cipher = createCipheriv('aes-256-gcm', this.#key, iv).setAAD(Buffer.from(context));
    const text = Buffer.concat([cipher.update(secret, 'utf8'), cipher.final()]);
    return Buffer.concat([iv, cipher.getAuthTag(), text]);
  }

  /** Undefined where it was sealed with another key, for another row, or was changed. */
  open(sealed: Uint8Array, context: string): string | undefined {
    const bytes = Buffer.from(sealed);
    if (bytes.length < IV_BYTES + TAG_BYTES) return undefined;
    try {
      const decipher = createDecipheriv('aes-256-gcm', this.#key, bytes.subarray(0, IV_BYTES), {
        authTagLength: TAG_BYTES,
      })
        .setAAD(Buffer.from(context))
        .setAuthTag(bytes.subarray(IV_BYTES, IV_BYTES + TAG_BYTES));
      return Buffer.concat([
        decipher.update(bytes.subarray(IV_BYTES + TAG_BYTES)),
        decipher.final(),
      ]).toString('utf8');
    } catch {
      return undefined;
    }
  }
}
