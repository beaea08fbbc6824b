/** Results as files, where a rule lets them be taken away. */
type Columns = readonly { readonly name: string }[];
type Rows = readonly (readonly (string | null)[])[];

/** RFC 4180. What a spreadsheet would run as a formula is shown as text. */
export function asCsv(columns: Columns, rows: Rows): string {
  const cell = (value: string | null): string => {
    const text = value === null ? '' : /^[=+\-@\t\r]/.test(value) && Number.isNaN(Number(value)) ? `'${value}` : value;
    return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  return [columns.map(({ name }) => cell(name)), ...rows.map((row) => row.map(cell))]
    .map((row) => `${row.join(',')}\r\n`)
    .join('');
}

/** A list of rows, each a list: two columns may have one name. */
export const asJson = (columns: Columns, rows: Rows): string =>
  JSON.stringify({ columns: columns.map(({ name }) => name), rows });

export function save(name: string, type: string, text: string): void {
  const url = URL.createObjectURL(new Blob([text], { type }));
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  URL.revokeObjectURL(url);
}
