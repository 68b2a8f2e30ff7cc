/**
 * Protocol buffers' wire format, written in two passes over one description: the first measures every nested message,
 * the second writes each byte once into an array of exactly the right size. Knows nothing of ONNX.
 */

const varintWire = 0;
const bytesWire = 2;
const fixed32Wire = 5;

/** The fields a message is made of, in the order they are written. */
export interface ProtobufWriter {
  /** A whole number in ±2^53; negative ones take ten bytes, as in int32 and int64 fields. */
  integer(field: number, value: number): void;
  float(field: number, value: number): void;
  string(field: number, value: string): void;
  bytes(field: number, value: Uint8Array): void;
  message(field: number, body: () => void): void;
}

function varintLength(value: number): number {
  if (value < 0) return 10;
  let length = 1;
  for (let rest = value; rest >= 128; rest = Math.floor(rest / 128)) length++;
  return length;
}

/** Adds up sizes, and notes the length of every nested message in the order they begin. */
class MeasuringWriter implements ProtobufWriter {
  size = 0;
  readonly lengths: number[] = [];

  integer(field: number, value: number): void {
    this.size += varintLength(field * 8) + varintLength(value);
  }

  float(field: number, _value: number): void {
    this.size += varintLength(field * 8) + 4;
  }

  string(field: number, value: string): void {
    this.#delimited(field, Buffer.byteLength(value));
  }

  bytes(field: number, value: Uint8Array): void {
    this.#delimited(field, value.byteLength);
  }

  message(field: number, body: () => void): void {
    const index = this.lengths.push(0) - 1;
    const outside = this.size;
    this.size = 0;
    body();
    const length = this.size;
    this.lengths[index] = length;
    this.size = outside;
    this.#delimited(field, length);
  }

  #delimited(field: number, length: number): void {
    this.size += varintLength(field * 8) + varintLength(length) + length;
  }
}

class BufferWriter implements ProtobufWriter {
  readonly #buffer: Buffer<ArrayBuffer>;
  readonly #lengths: readonly number[];
  #position = 0;
  #messages = 0;

  constructor(buffer: Buffer<ArrayBuffer>, lengths: readonly number[]) {
    this.#buffer = buffer;
    this.#lengths = lengths;
  }

  integer(field: number, value: number): void {
    this.#varint(field * 8 + varintWire);
    this.#varint(value);
  }

  float(field: number, value: number): void {
    this.#varint(field * 8 + fixed32Wire);
    this.#position = this.#buffer.writeFloatLE(value, this.#position);
  }

  string(field: number, value: string): void {
    this.#varint(field * 8 + bytesWire);
    this.#varint(Buffer.byteLength(value));
    this.#position += this.#buffer.write(value, this.#position, "utf8");
  }

  bytes(field: number, value: Uint8Array): void {
    this.#varint(field * 8 + bytesWire);
    this.#varint(value.byteLength);
    this.#buffer.set(value, this.#position);
    this.#position += value.byteLength;
  }

  message(field: number, body: () => void): void {
    this.#varint(field * 8 + bytesWire);
    this.#varint(this.#lengths[this.#messages++]!);
    body();
  }

  #varint(value: number): void {
    if (value < 0) {
      let bits = BigInt.asUintN(64, BigInt(value));
      for (let index = 0; index < 9; index++, bits >>= 7n) this.#buffer[this.#position++] = Number(bits & 127n) | 128;
      this.#buffer[this.#position++] = Number(bits);
      return;
    }
    let rest = value;
    for (; rest >= 128; rest = Math.floor(rest / 128)) this.#buffer[this.#position++] = (rest % 128) | 128;
    this.#buffer[this.#position++] = rest;
  }
}

/**
 * The bytes of the message that `describe` writes.
 *
 * @param describe called twice; must write the same fields both times
 * @param maximumBytes `onTooLarge` is called with the size, and must throw, when the message is longer
 */
export function writeProtobuf(
  describe: (writer: ProtobufWriter) => void,
  maximumBytes: number,
  onTooLarge: (bytes: number) => never,
): Uint8Array<ArrayBuffer> {
  const measure = new MeasuringWriter();
  describe(measure);
  if (measure.size > maximumBytes) onTooLarge(measure.size);
  const bytes = new Uint8Array(measure.size);
  describe(new BufferWriter(Buffer.from(bytes.buffer), measure.lengths));
  return bytes;
}
