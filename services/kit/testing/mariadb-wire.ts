/** COM_STMT_EXECUTE of the statement that was prepared just before: https://mariadb.com/kb/en/com_stmt_execute/ */
const execution = Buffer.from([0x17, 0xff, 0xff, 0xff, 0xff])

/** The execution that follows a statement’s text on a connection that has not used the statement before. */
export const executed = (bytes: Buffer): boolean => bytes.includes(execution)
