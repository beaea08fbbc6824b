/** What a browser is shown: plain files, served by the control plane under a strict content security policy. */
export const publicFolder = new URL('../public/', import.meta.url);
