/** The browser's entry: the one place where the parts of the app are put together. */
import { QueryClientProvider } from '@tanstack/react-query';
import { RouterProvider } from '@tanstack/react-router';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { queries } from './api/queries.ts';
import { router } from './app/router.ts';
import { Themed } from './app/Themed.tsx';

const place = document.getElementById('tidegate');
if (place === null) throw new Error('index.html has no #tidegate.');
createRoot(place).render(
  <StrictMode>
    <QueryClientProvider client={queries}>
      <Themed>
        <RouterProvider router={router} />
      </Themed>
    </QueryClientProvider>
  </StrictMode>,
);
