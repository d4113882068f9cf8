"""A medium changer behind iSCSI, asked where cartridges lie: an initiator of its own (RFC 7143), as small as that needs."""

import socket
import struct

HEADER = 48
LOGIN, COMMAND = 0x43, 0x01
LOGIN_RESPONSE, COMMAND_RESPONSE, DATA_IN = 0x23, 0x21, 0x25
KEYS = {
    'InitiatorName': 'iqn.2026-11.grandsire:checker',
    'SessionType': 'Normal',
    'HeaderDigest': 'None',
    'DataDigest': 'None',
    'MaxRecvDataSegmentLength': '65536',
    'InitialR2T': 'Yes',
    'ImmediateData': 'No',
    'ErrorRecoveryLevel': '0',
}
STORAGE, MAIL, DRIVE = 2, 3, 4
ROOM = 60000


class Session:
    """One login to a target. Raises OSError where nobody answers."""

    def __init__(self, portal, target):
        host, port = portal.rsplit(':', 1)
        self.socket = socket.create_connection((host, int(port)), timeout=10)
        self.command_number, self.status_number = 1, 0
        self._log_in({**KEYS, 'TargetName': target})

    def close(self):
        self.socket.close()

    def _log_in(self, keys):
        text = ''.join(f'{key}={value}\0' for key, value in keys.items()).encode()
        while True:
            # T, from the operational stage to the full feature phase; ISID of the random kind; TSIH 0.
            header = struct.pack('>BBBBI6sHIHHII', LOGIN, 0x87, 0, 0, len(text), b'\x80\0\0\x01\0\0', 0, 1, 0, 0, self.command_number, self.status_number)
            self._send(header, text)
            answer, _ = self._receive()
            if answer[0] != LOGIN_RESPONSE or answer[36] != 0:
                raise OSError(f'the login was refused ({answer[36]:02x}{answer[37]:02x})')
            self.status_number = struct.unpack_from('>I', answer, 24)[0] + 1
            if answer[1] & 0x80:
                return
            text = b''

    def _send(self, header, data=b''):
        self.socket.sendall(header.ljust(HEADER, b'\0') + data + bytes(-len(data) % 4))

    def _receive(self):
        header = self._exactly(HEADER)
        length = int.from_bytes(header[5:8], 'big')
        return header, self._exactly(length + -length % 4)[:length]

    def _exactly(self, length):
        data = b''
        while len(data) < length:
            more = self.socket.recv(length - len(data))
            if not more:
                raise OSError('the target closed the connection')
            data += more
        return data

    def read(self, lun, cdb):
        """What a command that reads brings. Attentions of the new session are passed over."""
        for _ in range(8):
            status, data = self._read_once(lun, cdb)
            if status == 0:
                return data
        raise OSError(f'status {status:02x} again and again')

    def _read_once(self, lun, cdb):
        # F, R, SIMPLE.
        header = struct.pack('>BBHIHHIIIII', COMMAND, 0xC1, 0, 0, lun, 0, 0, 2, ROOM, self.command_number, self.status_number)
        self._send(header + cdb.ljust(16, b'\0'))
        self.command_number += 1
        came = b''
        while True:
            answer, data = self._receive()
            if answer[0] == DATA_IN:
                came += data
                if not answer[1] & 0x01:
                    continue
            elif answer[0] != COMMAND_RESPONSE:
                continue
            self.status_number = struct.unpack_from('>I', answer, 24)[0] + 1
            return answer[3], came


def elements(session, lun, kind):
    """Barcodes of one type of element, by address order; None where it is empty (SMC-3, READ ELEMENT STATUS)."""
    cdb = struct.pack('>BBHHBBHBB', 0xB8, 0x10 | kind, 0, 0xFFFF, 0, ROOM >> 16, ROOM & 0xFFFF, 0, 0)
    data = session.read(lun, cdb)
    found, at = {}, 8
    while at + 8 <= len(data):
        page, flags, length, total = data[at], data[at + 1], *struct.unpack_from('>HI', data, at + 2)
        total &= 0xFFFFFF
        for start in range(at + 8, at + 8 + total, length):
            address = int.from_bytes(data[start : start + 2], 'big')
            tag = data[start + 12 : start + 44].decode('ascii').strip(' \0') if flags & 0x80 else ''
            if page == kind:
                found[address] = tag if data[start + 2] & 0x01 else None
        at += 8 + total
    return [found[address] for address in sorted(found)]


def places(portal, target, lun):
    """Barcode -> `slot:5`, `drive:1`, `mail:1`. Raises OSError where nobody answers."""
    session = Session(portal, target)
    try:
        named = [(name, elements(session, lun, kind)) for name, kind in [('slot', STORAGE), ('mail', MAIL), ('drive', DRIVE)]]
    finally:
        session.close()
    return {barcode: f'{name}:{number}' for name, row in named for number, barcode in enumerate(row, 1) if barcode}


if __name__ == '__main__':
    import json
    import sys

    print(json.dumps(places(sys.argv[1], sys.argv[2], int(sys.argv[3]))))
