class TapeFile:
    """Blocks between two filemarks. `block` is the logical object number of the first, filemarks counted."""

    def __init__(self, number, block, extents, is_ended):
        self.number = number
        self.block = block
        self.extents = extents
        self.is_ended = is_ended

    def read(self, image):
        return [image[at : at + length] for at, length in self.extents]


class TapeFiles:
    """Gathers them, object by object."""

    def __init__(self):
        self.files, self._extents, self._objects, self._first = [], [], 0, 0

    def block(self, at, length):
        self._extents.append((at, length))
        self._objects += 1

    def filemark(self):
        self._end(True)
        self._objects += 1
        self._extents, self._first = [], self._objects

    def finish(self):
        if self._extents:
            self._end(False)
        return self.files

    def _end(self, is_ended):
        self.files.append(TapeFile(len(self.files), self._first, self._extents, is_ended))
