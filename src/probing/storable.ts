/** What a device said, as PostgreSQL takes it: its text holds no NUL, and one row would take its whole batch along. */
export const storable = (text: string): string => text.replaceAll('\0', '␀');
