import { describe, expect, it } from 'vitest';
import { cleanName } from '../../../src/schedule/upload.ts';

describe('the name of an uploaded file', () => {
  it.each([
    ['停电通知.pdf', '停电通知.pdf'],
    ['C:\\用户\\..\\停电.PDF', '停电.PDF'],
    ['../../etc/passwd', 'passwd'],
    ['.htaccess', 'htaccess'],
    ['...', 'file'],
    ['', 'file'],
    // What turns the order of letters round: shown, this one would end in .pdf.
    ['a\u202Efdp.exe', 'afdp.exe'],
    ['a\r\nSet-Cookie: b.pdf', 'aSet-Cookie b.pdf'],
    ['a"<b>|c?.jpg', 'abc.jpg'],
  ])('%j is kept as %j', (given, kept) => {
    expect(cleanName(given)).toBe(kept);
  });

  it('has a hundred characters at most, and keeps its end', () => {
    const kept = cleanName(`${'长'.repeat(300)}.docx`);
    expect([...kept]).toHaveLength(100);
    expect(kept).toMatch(/长\.docx$/);
  });
});
