/** One SELECT by primary key after the other by tedious, on some connections, against a contestant. */
import { type Connection, Request, TYPES } from 'tedious';
import { close, configuration, connect } from '../../test/tds-server/clients/tedious.ts';
import { quantile } from '../figures.ts';
import type { Contestant } from './contestant.ts';
import { cpuSeconds } from './processes.ts';
import { ROWS } from './tds-facts.ts';

export interface TediousLoad {
  /** `text`: SQLBatch. `prepared`: sp_execute of one that was prepared once. */
  readonly mode: 'text' | 'prepared';
  readonly clients: number;
  readonly seconds: number;
}

/** Throughput, the processor a statement took in between, and latencies in microseconds. */
export interface TediousMeasured {
  readonly tps: number;
  readonly cpuMicros: number;
  readonly cpuBehindMicros: number;
  readonly p50: number;
  readonly p99: number;
}

export async function measure(
  contestant: Contestant,
  { mode, clients, seconds }: TediousLoad,
): Promise<TediousMeasured> {
  const connections: Connection[] = [];
  while (connections.length < clients) connections.push(await connect(configuration(contestant)));
  const askers = await Promise.all(connections.map(mode === 'text' ? byText : byHandle));
  const before = [cpuSeconds(contestant.pids()), cpuSeconds(contestant.pidsBehind())] as const;
  const start = performance.now();
  const latencies = (await Promise.all(askers.map((ask) => until(ask, start + seconds * 1000)))).flat();
  const took = (performance.now() - start) / 1000;
  const after = [cpuSeconds(contestant.pids()), cpuSeconds(contestant.pidsBehind())] as const;
  await Promise.all(connections.map(close));
  return {
    tps: latencies.length / took,
    cpuMicros: ((after[0] - before[0]) / latencies.length) * 1e6,
    cpuBehindMicros: ((after[1] - before[1]) / latencies.length) * 1e6,
    p50: quantile(latencies, 0.5),
    p99: quantile(latencies, 0.99),
  };
}

type Ask = (id: number) => Promise<void>;

/** How long each statement took, in microseconds. */
async function until(ask: Ask, end: number): Promise<number[]> {
  const latencies: number[] = [];
  for (let at = performance.now(), id = 0; at < end; id = (id + 7) % ROWS) {
    await ask(id);
    const now = performance.now();
    latencies.push((now - at) * 1000);
    at = now;
  }
  return latencies;
}

/** Settles with whatever request runs. */
class Turn {
  #settled = Promise.withResolvers<void>();
  readonly done = (error?: Error | null): void => {
    if (error) this.#settled.reject(error);
    else this.#settled.resolve();
  };

  async of(begin: () => void): Promise<void> {
    this.#settled = Promise.withResolvers();
    begin();
    await this.#settled.promise;
  }
}

async function byText(connection: Connection): Promise<Ask> {
  const turn = new Turn();
  return (id) =>
    turn.of(() => connection.execSqlBatch(new Request(`SELECT name FROM things WHERE id = ${id}`, turn.done)));
}

async function byHandle(connection: Connection): Promise<Ask> {
  const turn = new Turn();
  const request = new Request('SELECT name FROM things WHERE id = @id', turn.done);
  request.addParameter('id', TYPES.Int, null);
  const prepared = new Promise((resolve) => request.once('prepared', resolve));
  connection.prepare(request);
  await prepared;
  return (id) => turn.of(() => connection.execute(request, { id }));
}
