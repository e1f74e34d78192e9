//! Just enough of PostgreSQL's protocol to run one statement without a client library or a client program.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// Version 3.0 of the protocol.
const VERSION: u32 = 3 << 16;

/// How long one answer may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// Connects without a password, runs a statement, and fails with the server's words if it refuses.
pub(super) fn execute(address: SocketAddr, user: &str, statement: &str) -> io::Result<()> {
    execute_in(address, user, "postgres", statement)
}

/// The same in a database of this name.
pub(super) fn execute_in(address: SocketAddr, user: &str, database: &str, statement: &str) -> io::Result<()> {
    let mut connection = TcpStream::connect_timeout(&address, PATIENCE)?;
    connection.set_read_timeout(Some(PATIENCE))?;
    let mut hello = VERSION.to_be_bytes().to_vec();
    for word in ["user", user, "database", database, ""] {
        hello.extend(word.as_bytes());
        hello.push(0);
    }
    send(&mut connection, None, &hello)?;
    until_ready(&mut connection)?;
    send(&mut connection, Some(b'Q'), &[statement.as_bytes(), &[0]].concat())?;
    until_ready(&mut connection)
}

fn send(connection: &mut TcpStream, kind: Option<u8>, body: &[u8]) -> io::Result<()> {
    let length = u32::try_from(body.len() + 4).map_err(io::Error::other)?;
    let mut message: Vec<u8> = kind.into_iter().collect();
    message.extend(length.to_be_bytes());
    message.extend(body);
    connection.write_all(&message)
}

/// Reads messages until the server waits for the next statement (`Z`) or refuses (`E`).
fn until_ready(connection: &mut TcpStream) -> io::Result<()> {
    let mut refusal = None;
    loop {
        let mut head = [0; 5];
        match connection.read_exact(&mut head) {
            Ok(()) => (),
            // A refusal to connect is the last that is heard.
            Err(error) => return Err(refusal.unwrap_or(error)),
        }
        let length = u32::from_be_bytes([head[1], head[2], head[3], head[4]]);
        let mut body = vec![0; usize::try_from(length).map_err(io::Error::other)?.saturating_sub(4)];
        connection.read_exact(&mut body)?;
        match head[0] {
            b'E' => refusal = Some(io::Error::other(String::from_utf8_lossy(&body).replace('\0', " "))),
            b'Z' => return refusal.map_or(Ok(()), Err),
            _ => (),
        }
    }
}
