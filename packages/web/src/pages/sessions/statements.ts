/** A session's statements in the browser: read page by page, and streamed as they come while the session is open. */
import { useQueryClient } from '@tanstack/react-query';
import { type SessionStatement, sessionStatement } from '@tidegate/contract';
import { useEffect, useRef, useState } from 'react';
import { api } from '../../api/client.ts';

export interface Statements {
  readonly all: readonly SessionStatement[];
  readonly state: 'reading' | 'whole' | 'live' | 'lost' | 'refused';
  readonly error: unknown;
}

const PAGE = 500;

export function useStatements(session: string, live: boolean): Statements {
  const [all, setAll] = useState<readonly SessionStatement[]>([]);
  const [state, setState] = useState<Statements['state']>('reading');
  const [error, setError] = useState<unknown>(null);
  const queries = useQueryClient();
  /** What is on screen came by the stream: when the session ends it is whole, and nothing is read again. */
  const streamed = useRef<string | null>(null);

  useEffect(() => {
    if (!live && streamed.current === session) {
      setState('whole');
      return;
    }
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
      streamed.current = session;
      source = follow(
        session,
        (statement) => {
          byCursor.set(statement.cursor, statement);
          draw();
        },
        setState,
        () => {
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
