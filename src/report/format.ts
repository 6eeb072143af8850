/** Apart from what makes them: the command line knows the names and loads no renderer. */
export const formats = ['docx', 'xlsx', 'csv', 'json'] as const;
export type Format = (typeof formats)[number];

export const reportKinds = ['daily', 'monthly', 'yearly'] as const;
export type ReportKind = (typeof reportKinds)[number];
