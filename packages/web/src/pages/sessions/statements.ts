/** A session's statements in the browser: streamed as they come until the record has its end; read page by page later. */
import { useQueryClient } from '@tanstack/react-query';
import { type SessionStatement, type SessionView, sessionStatement } from '@tidegate/contract';
import { useEffect, useState } from 'react';
import { api } from '../../api/client.ts';

export interface Statements {
  readonly all: readonly SessionStatement[];
  readonly state: 'reading' | 'whole' | 'live' | 'lost' | 'refused';
  readonly error: unknown;
}

const PAGE = 500;

/**
 * What was done in the last moments comes on record after the session's end is known. The stream says when the record has
 * it all, within a minute at most (`control/access/live`); the rest is for browsers whose clock is not quite right.
 */
const RECORDED_WITHIN_MS = 5 * 60_000;

/** May more come on record? As it is now: whoever begins to follow goes on until the stream says that it is over. */
export const isFollowed = ({ endedAt }: Pick<SessionView, 'endedAt'>): boolean =>
  endedAt === null || Date.now() - Date.parse(endedAt) < RECORDED_WITHIN_MS;

/** @param followed by the stream, to its end; where false, what is on record is read once. It holds for the first call. */
export function useStatements(session: string, followed: boolean): Statements {
  const [live] = useState(followed);
  const [all, setAll] = useState<readonly SessionStatement[]>([]);
  const [state, setState] = useState<Statements['state']>('reading');
  const [error, setError] = useState<unknown>(null);
  const queries = useQueryClient();

  useEffect(() => {
    const byCursor = new Map<string, SessionStatement>();
    let drawn = 0;
    const draw = () => {
      drawn ||= requestAnimationFrame(() => {
        drawn = 0;
        setAll([...byCursor.values()]);
      });
    };
    const gone = new AbortController();
    const failed = (cause: unknown) => {
      if (gone.signal.aborted) return;
      setError(cause);
      setState('refused');
    };
    let source: EventSource | null = null;
    if (live) {
      source = follow(
        session,
        (statement) => {
          byCursor.set(statement.cursor, statement);
          draw();
        },
        setState,
        () => {
          setState('whole');
          // Its end is told once more by its own query, with the reason.
          void queries.invalidateQueries({ queryKey: ['session'] });
        },
      );
    } else {
      void readAll(session, gone.signal, (page) => {
        for (const statement of page) byCursor.set(statement.cursor, statement);
        draw();
      }).then(() => setState('whole'), failed);
    }
    return () => {
      gone.abort();
      source?.close();
      cancelAnimationFrame(drawn);
    };
  }, [session, live, queries]);
  return { all, state, error };
}

async function readAll(
  id: string,
  signal: AbortSignal,
  take: (page: readonly SessionStatement[]) => void,
): Promise<void> {
  for (let cursor: string | null = ''; cursor !== null; ) {
    const more: { cursor?: string } = cursor === '' ? {} : { cursor };
    const page = await api.sessionStatements({ id, limit: PAGE, ...more }, { signal });
    take(page.items);
    cursor = page.nextCursor;
  }
}

/** The browser comes back by itself when the stream breaks, with the last place it saw. */
function follow(
  session: string,
  take: (statement: SessionStatement) => void,
  tell: (state: 'live' | 'lost') => void,
  ended: () => void,
): EventSource {
  const source = new EventSource(`/v1/sessions/${encodeURIComponent(session)}/live`);
  source.addEventListener('open', () => tell('live'));
  source.addEventListener('error', () => tell('lost'));
  source.addEventListener('statement', ({ data }: MessageEvent<string>) => {
    const statement = sessionStatement.safeParse(JSON.parse(data));
    if (statement.success) take(statement.data);
  });
  source.addEventListener('ended', () => {
    source.close();
    ended();
  });
  return source;
}
