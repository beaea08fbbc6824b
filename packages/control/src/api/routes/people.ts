/** Accounts. */
import { changePerson, createPerson } from '../../identity/manage.ts';
import { listPeople, showPerson } from '../../identity/people.ts';
import { pageOf, parseCursor } from '../../store/cursor.ts';
import { serve } from '../serve.ts';
import { answerPage, pageFrom } from './page.ts';
import type { Routes } from './routes.ts';

export function peopleRoutes(routes: Routes): void {
  const { context } = routes;
  const { db } = context.store;
  serve(routes, 'people', async ({ query }) => {
    const { cursor, limit } = pageFrom(query);
    const [after] = parseCursor(cursor, 1) ?? [];
    const people = await listPeople(db, after ?? null, limit + 1);
    return answerPage(
      pageOf(
        people,
        limit,
        ({ name }) => [name],
        (person) => person,
      ),
    );
  });
  serve(routes, 'person', ({ params }) => showPerson(db, params.name));
  serve(routes, 'createPerson', ({ caller, body }) => createPerson(context, caller, body));
  serve(routes, 'changePerson', ({ caller, params, body }) => changePerson(context, caller, params.name, body));
}
