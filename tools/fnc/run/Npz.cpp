//===- Npz.cpp - NumPy's .npz archives ------------------------------------===//

#include "Error.h"
#include "NpyHeader.h"
#include <algorithm>
#include <cerrno>
#include <cstring>
#include <minizip/unzip.h>
#include <minizip/zip.h>
#include <sys/stat.h>
#include <zlib.h>

using namespace fnc::tool;

Npz::Npz(const std::string &path) : path(path) {
  struct stat status;
  if (::stat(path.c_str(), &status) != 0)
    fail(path, "{}", std::strerror(errno));
  archive = unzOpen64(path.c_str());
  if (!archive)
    fail(path, "is not a .npz archive, or a damaged one");
  int code = unzGoToFirstFile(archive);
  while (code == UNZ_OK) {
    unz_file_info64 info;
    char name[4096];
    code = unzGetCurrentFileInfo64(archive, &info, name, sizeof(name) - 1, nullptr, 0, nullptr, 0);
    if (code != UNZ_OK || info.size_filename >= sizeof(name)) {
      code = UNZ_BADZIPFILE;
      break;
    }
    std::string member(name, info.size_filename);
    if (member.ends_with(".npy"))
      member.resize(member.size() - 4);
    if (has(member)) {
      unzClose(archive);
      fail(path, "has two arrays '{}'", member);
    }
    members.push_back(std::move(member));
    code = unzGoToNextFile(archive);
  }
  if (code != UNZ_END_OF_LIST_OF_FILE) {
    unzClose(archive);
    fail(path, "is a damaged .npz archive");
  }
}

Npz::~Npz() { unzClose(archive); }

bool Npz::has(std::string_view name) const {
  return std::find(members.begin(), members.end(), name) != members.end();
}

Array Npz::read(const std::string &name, const CheckHeader &check) const {
  const std::string where = path + ":" + name;
  auto damaged = [&] { fail(where, "is damaged or of a compression that is not supported"); };
  int code = unzGoToFirstFile(archive);
  for (const std::string &member : members) {
    if (member == name)
      break;
    if (code == UNZ_OK)
      code = unzGoToNextFile(archive);
  }
  unz_file_info64 info;
  if (code != UNZ_OK ||
      unzGetCurrentFileInfo64(archive, &info, nullptr, 0, nullptr, 0, nullptr, 0) != UNZ_OK ||
      unzOpenCurrentFile(archive) != UNZ_OK)
    damaged();
  auto read = [&](void *to, size_t bytes) {
    auto *at = static_cast<char *>(to);
    while (bytes > 0) {
      int got =
          unzReadCurrentFile(archive, at, static_cast<unsigned>(std::min<size_t>(bytes, 1 << 30)));
      if (got <= 0)
        damaged();
      at += got;
      bytes -= static_cast<size_t>(got);
    }
  };
  NpyHeader header = readNpyHeader(where, info.uncompressed_size, read);
  check(*header.type, header.shape);
  Array array = allocateArray(*header.type, header.shape, where);
  read(array.data.get(), header.dataBytes);
  // Closing compares the checksum.
  if (unzCloseCurrentFile(archive) != UNZ_OK)
    damaged();
  toNative(header, array, where);
  return array;
}

namespace {

/// An archive in memory, for minizip's callbacks.
struct Buffer {
  std::string bytes;
  size_t at = 0;
};

voidpf openBuffer(voidpf opaque, const void *, int) { return opaque; }
uLong readBuffer(voidpf, voidpf stream, void *to, uLong size) {
  auto &buffer = *static_cast<Buffer *>(stream);
  size_t count = std::min<size_t>(size, buffer.bytes.size() - buffer.at);
  std::memcpy(to, buffer.bytes.data() + buffer.at, count);
  buffer.at += count;
  return count;
}
uLong writeBuffer(voidpf, voidpf stream, const void *from, uLong size) {
  auto &buffer = *static_cast<Buffer *>(stream);
  buffer.bytes.resize(std::max(buffer.bytes.size(), buffer.at + size));
  std::memcpy(buffer.bytes.data() + buffer.at, from, size);
  buffer.at += size;
  return size;
}
ZPOS64_T tellBuffer(voidpf, voidpf stream) { return static_cast<Buffer *>(stream)->at; }
long seekBuffer(voidpf, voidpf stream, ZPOS64_T offset, int origin) {
  auto &buffer = *static_cast<Buffer *>(stream);
  size_t base = origin == ZLIB_FILEFUNC_SEEK_CUR   ? buffer.at
                : origin == ZLIB_FILEFUNC_SEEK_END ? buffer.bytes.size()
                                                   : 0;
  if (base + offset > buffer.bytes.size())
    return -1;
  buffer.at = base + offset;
  return 0;
}
int closeBuffer(voidpf, voidpf) { return 0; }

} // namespace

std::string fnc::tool::npzBytes(const std::vector<std::pair<std::string, Array>> &arrays) {
  Buffer buffer;
  zlib_filefunc64_def functions = {openBuffer, readBuffer,  writeBuffer, tellBuffer,
                                   seekBuffer, closeBuffer, closeBuffer, &buffer};
  zipFile archive = zipOpen2_64("", APPEND_STATUS_CREATE, nullptr, &functions);
  bool good = archive != nullptr;
  // The same arrays are the same bytes: no time, and nothing of this machine.
  zip_fileinfo info = {};
  info.tmz_date.tm_mday = 1;
  info.tmz_date.tm_year = 1980;
  for (const auto &[name, array] : arrays) {
    std::string header = npyHeader(array);
    const bool isLarge = array.bytes() + header.size() >= 0xffffffff;
    good = good && zipOpenNewFileInZip64(archive, (name + ".npy").c_str(), &info, nullptr, 0,
                                         nullptr, 0, nullptr, 0, 0, isLarge) == ZIP_OK;
    for (std::string_view rest : {std::string_view(header), array.view()})
      while (good && !rest.empty()) {
        size_t count = std::min<size_t>(rest.size(), 1 << 30);
        good = zipWriteInFileInZip(archive, rest.data(), static_cast<unsigned>(count)) == ZIP_OK;
        rest.remove_prefix(count);
      }
    good = good && zipCloseFileInZip(archive) == ZIP_OK;
  }
  if (archive)
    good = zipClose(archive, nullptr) == ZIP_OK && good;
  if (!good)
    fail("fnc", "cannot make a .npz archive of the outputs");
  return std::move(buffer.bytes);
}
