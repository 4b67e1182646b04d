//===- Sources.cpp - arrays that the command line names -------------------===//

#include "Sources.h"
#include "Error.h"
#include "MappedFile.h"
#include "Preprocess.h"
#include "compiler/graph/Nearest.h"
#include <algorithm>
#include <sys/stat.h>

using namespace fnc;
using namespace fnc::tool;

namespace {

bool isFile(const std::string &path) {
  struct stat status;
  return ::stat(path.c_str(), &status) == 0;
}

bool isArchive(const std::string &path) {
  return path.ends_with(".npz") ||
         (isFile(path) && MappedFile::open(path)->bytes().starts_with("PK"));
}

/// Numbers rather than a file: a file named so is written "./1".
bool isLiteral(std::string_view text) {
  return text == "true" || text == "false" || text == "nan" || text == "inf" || text == "-inf" ||
         text.starts_with('[') ||
         (!text.empty() && (text[0] == '-' || (text[0] >= '0' && text[0] <= '9')) &&
          text.find_first_not_of("0123456789+-.eE") == text.npos && text != "-");
}

/// The name that was probably meant, or those that there are.
std::string nearOrAll(std::string_view given, const std::vector<std::string> &names) {
  std::string near = didYouMean(given, names);
  if (!near.empty() || names.empty())
    return near;
  return names.size() > 10 ? fmt::format("; it has {} others", names.size())
                           : fmt::format("; it has '{}'", fmt::join(names, "', '"));
}

/// The names that an array may be given for: all of them while no function is known.
class Names {
public:
  explicit Names(const FunctionType *function) : function(function) {
    if (!function)
      return;
    for (const TensorType &input : function->inputs) {
      inputs.push_back(input.name);
      if (input.isSparse())
        for (const char *part : kSparseParts)
          parts.push_back(input.name + part);
    }
  }

  bool isKnown(std::string_view name) const {
    return !function || function->input(name) ||
           std::find(parts.begin(), parts.end(), name) != parts.end();
  }
  [[noreturn]] void failUnknown(std::string_view name) const {
    if (inputs.empty())
      fail("fnc", "function '{}' has no inputs, got '{}'", function->name, name);
    fail("fnc", "function '{}' has no input '{}'{}", function->name, name, nearOrAll(name, inputs));
  }

private:
  const FunctionType *function;
  std::vector<std::string> inputs, parts;
};

class Finder {
public:
  explicit Finder(const FunctionType *function) : names(function), function(function) {}

  void add(const std::string &option) {
    // A tensor's name may hold '=': it ends at the first one behind a name that is known.
    size_t end = option.find('=');
    for (size_t at = end; at != option.npos; at = option.find('=', at + 1))
      if (names.isKnown(std::string_view(option).substr(0, at))) {
        end = at;
        break;
      }
    if (end == option.npos)
      return addArchive(option);
    std::string name = option.substr(0, end), value = option.substr(end + 1);
    if (name.empty() || value.empty())
      throw UsageError("fnc run: error: --input expects NAME=VALUE, got '" + option + "'");
    if (!names.isKnown(name))
      names.failUnknown(name);
    if (isLiteral(value))
      return put(name, {"'" + value + "'", name, nullptr, "", "", value, ""});
    // "FILE.npz:array"
    size_t colon = value.rfind(':');
    if (!isFile(value) && colon != value.npos && isArchive(value.substr(0, colon)))
      return addMember(name, open(value.substr(0, colon)), value.substr(0, colon),
                       value.substr(colon + 1));
    if (!isArchive(value)) {
      // "cat.jpg:resize=224x224"; a file's name may hold ':', too.
      size_t end = isFile(value) ? value.npos : value.rfind(':');
      while (end != value.npos && end > 0 && !isFile(value.substr(0, end)))
        end = value.rfind(':', end - 1);
      std::string path = value.substr(0, end == 0 ? value.npos : end);
      std::string steps = path.size() < value.size() ? value.substr(path.size() + 1) : "";
      return put(name, {path, name, nullptr, "", path, "", steps});
    }
    std::shared_ptr<Npz> archive = open(value);
    const TensorType *input = function ? function->input(name) : nullptr;
    if (input && input->isSparse()) {
      for (const char *part : kSparseParts)
        addMember(name + part, archive, value, part + 1);
    } else if (archive->has(name) || archive->names().size() != 1) {
      addMember(name, archive, value, name);
    } else {
      addMember(name, archive, value, archive->names().front());
    }
  }

  std::map<std::string, ArraySource> sources;

private:
  std::shared_ptr<Npz> open(const std::string &path) {
    std::shared_ptr<Npz> &archive = archives[path];
    if (!archive)
      archive = std::make_shared<Npz>(path);
    return archive;
  }

  /// All arrays of an archive, by their names.
  void addArchive(const std::string &path) {
    if (!isArchive(path))
      throw UsageError("fnc run: error: --input expects NAME=VALUE or FILE.npz, got '" + path +
                       "'");
    std::shared_ptr<Npz> archive = open(path);
    for (const std::string &member : archive->names()) {
      if (!names.isKnown(member))
        names.failUnknown(member);
      addMember(member, archive, path, member);
    }
  }

  void addMember(const std::string &name, const std::shared_ptr<Npz> &archive,
                 const std::string &path, const std::string &member) {
    if (!archive->has(member))
      fail(path, "has no array '{}'{}", member, nearOrAll(member, archive->names()));
    put(name, {path + ":" + member, name, archive, member, "", "", ""});
  }

  void put(const std::string &name, ArraySource source) {
    if (!sources.emplace(name, std::move(source)).second)
      fail("fnc", "input '{}' is given twice", name);
  }

  Names names;
  const FunctionType *function;
  std::map<std::string, std::shared_ptr<Npz>> archives;
};

} // namespace

Array ArraySource::read(const TensorType &wanted, const CheckHeader &check) const {
  if (archive)
    return archive->read(member, check);
  if (literal.empty()) {
    std::shared_ptr<MappedFile> file = MappedFile::open(path);
    if (!isMedia(file->bytes()) && !steps.empty())
      fail(path, "is no picture or sound, which '{}' could be done with", steps);
    if (!isMedia(file->bytes()))
      return readNpy(file, path == "-" ? "<stdin>" : path, check);
    Array array = *readMedia(path, file->bytes(), steps, &wanted);
    check(*array.type, array.shape);
    return array;
  }
  Array array = parseLiteral(literal, *wanted.type, "input '" + name + "'");
  check(*array.type, array.shape);
  return array;
}

std::optional<Shape> ArraySource::shape() const {
  // Standard input can be read only once.
  if (path == "-")
    return std::nullopt;
  if (literal.empty() && !archive) {
    std::shared_ptr<MappedFile> file = MappedFile::open(path);
    if (isMedia(file->bytes())) {
      std::optional<Array> array = readMedia(path, file->bytes(), steps, nullptr);
      return array ? std::optional(array->shape) : std::nullopt;
    }
  }
  TensorType any;
  any.type = dtypeNamed("f64");
  Shape shape;
  (void)read(any, [&](const DType &, const Shape &given) { shape = given; });
  return shape;
}

std::map<std::string, ArraySource> fnc::tool::findSources(const std::vector<std::string> &options,
                                                          const FunctionType &function) {
  Finder finder(&function);
  for (const std::string &option : options)
    finder.add(option);
  return std::move(finder.sources);
}

void fnc::tool::addShapes(const std::vector<std::string> &options,
                          std::vector<std::string> &shapes) {
  Finder finder(nullptr);
  for (const std::string &option : options)
    finder.add(option);
  for (const auto &[name, source] : finder.sources) {
    bool isGiven = std::any_of(shapes.begin(), shapes.end(), [&](const std::string &shape) {
      return shape.starts_with(name + "=");
    });
    if (isGiven)
      continue;
    if (std::optional<Shape> shape = source.shape())
      shapes.push_back(fmt::format("{}={}", name, fmt::join(*shape, ",")));
  }
}
