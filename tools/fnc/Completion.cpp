//===- Completion.cpp - scripts that complete the command line ------------===//

#include "CommandLine.h"

using namespace fnc::tool;

namespace {

/// An option as shells need to know it.
struct Entry {
  std::vector<std::string> names; ///< "--emit", "-O"
  std::string description;
  bool hasValue = false;
  std::vector<std::string> words; ///< values to choose from; without any: a file
};

struct Command {
  std::string name, description;
  std::vector<Entry> options;
};

/// Of CLI11's "TYPE:{a,b}".
std::vector<std::string> wordsOf(const CLI::Option *option) {
  std::string type = option->get_type_name();
  size_t at = type.find(":{");
  if (at == std::string::npos || type.back() != '}')
    return {};
  return CLI::detail::split(type.substr(at + 2, type.size() - at - 3), ',');
}

Command describe(const CLI::App *app) {
  Command command{app->get_name(), app->get_description(), {}};
  for (const CLI::Option *option : app->get_options()) {
    Entry entry;
    entry.description = option->get_description();
    entry.hasValue = option->get_type_size() != 0;
    entry.words = wordsOf(option);
    for (const std::string &name : option->get_lnames())
      entry.names.push_back("--" + name);
    for (const std::string &name : option->get_snames())
      entry.names.push_back("-" + name);
    // What a positional takes is a file, unless it lists words.
    if (!entry.names.empty() || !entry.words.empty())
      command.options.push_back(std::move(entry));
  }
  return command;
}

std::vector<Command> describeAll(const CLI::App &app) {
  std::vector<Command> commands;
  for (const CLI::App *command : app.get_subcommands({}))
    commands.push_back(describe(command));
  return commands;
}

std::string join(const std::vector<std::string> &words, const char *by = " ") {
  return CLI::detail::join(words, by);
}

std::vector<std::string> namesOf(const std::vector<Command> &commands) {
  std::vector<std::string> names;
  for (const Command &command : commands)
    names.push_back(command.name);
  return names;
}

/// A text inside single quotes of a shell.
std::string quoted(const std::string &text) {
  return "'" + CLI::detail::find_and_replace(text, "'", "'\\''") + "'";
}

std::string bashScript(const std::vector<Command> &commands) {
  std::string out = "# bash completion of fnc: source <(fnc completion bash)\n"
                    "_fnc() {\n"
                    "  local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]}\n"
                    "  # --emit=X comes as three words\n"
                    "  [[ $cur == '=' ]] && cur=\n"
                    "  [[ $prev == '=' ]] && prev=${COMP_WORDS[COMP_CWORD-2]}\n"
                    "  COMPREPLY=()\n"
                    "  if [[ $COMP_CWORD -eq 1 ]]; then\n"
                    "    COMPREPLY=($(compgen -W " +
                    quoted(join(namesOf(commands)) + " --help --version") +
                    " -- \"$cur\"))\n"
                    "    return\n"
                    "  fi\n"
                    "  case ${COMP_WORDS[1]} in\n";
  for (const Command &command : commands) {
    out += "  " + command.name + ")\n";
    std::vector<std::string> names, arguments;
    std::string cases;
    for (const Entry &entry : command.options) {
      names.insert(names.end(), entry.names.begin(), entry.names.end());
      if (entry.names.empty())
        arguments = entry.words;
      else if (entry.hasValue)
        cases += "    " + join(entry.names, "|") + ") COMPREPLY=($(compgen " +
                 (entry.words.empty() ? "-f" : "-W " + quoted(join(entry.words))) +
                 " -- \"$cur\")); return ;;\n";
    }
    if (!cases.empty())
      out += "    case $prev in\n" + cases + "    esac\n";
    out += "    if [[ $cur == -* ]]; then\n      COMPREPLY=($(compgen -W " + quoted(join(names)) +
           " -- \"$cur\"))\n    else\n      COMPREPLY=($(compgen " +
           (arguments.empty() ? "-f" : "-W " + quoted(join(arguments))) +
           " -- \"$cur\"))\n    fi ;;\n";
  }
  return out + "  esac\n}\ncomplete -o filenames -F _fnc fnc\n";
}

std::string zshScript(const std::vector<Command> &commands) {
  // Brackets and colons are syntax of _arguments.
  auto text = [](std::string description) {
    for (const char *special : {"[", "]", ":"})
      description =
          CLI::detail::find_and_replace(description, special, std::string("\\") + special);
    return description;
  };
  std::string out = "#compdef fnc\n# zsh completion of fnc: fnc completion zsh > _fnc, in a folder "
                    "of $fpath\n_fnc() {\n  if (( CURRENT == 2 )); then\n    local -a commands=(\n";
  for (const Command &command : commands)
    out += "      " + quoted(command.name + ":" + command.description) + "\n";
  out += "    )\n    _describe command commands\n    return\n  fi\n  case $words[2] in\n";
  for (const Command &command : commands) {
    out += "  " + command.name + ")\n    shift words; (( CURRENT-- ))\n    _arguments";
    std::string arguments = "'*:file:_files'";
    for (const Entry &entry : command.options) {
      std::string value = entry.words.empty() ? "file:_files" : "value:(" + join(entry.words) + ")";
      if (entry.names.empty())
        arguments = quoted("*:" + value);
      for (const std::string &name : entry.names)
        out += " \\\n      " +
               quoted(name + (entry.hasValue && name[1] == '-' ? "=" : "") + "[" +
                      text(entry.description) + "]" + (entry.hasValue ? ":" + value : ""));
    }
    out += " \\\n      " + arguments + " ;;\n";
  }
  return out + "  esac\n}\n_fnc \"$@\"\n";
}

std::string fishScript(const std::vector<Command> &commands) {
  std::string out = "# fish completion of fnc: fnc completion fish | source\n";
  for (const Command &command : commands) {
    out += "complete -c fnc -n __fish_use_subcommand -f -a " + command.name + " -d " +
           quoted(command.description) + "\n";
    for (const Entry &entry : command.options) {
      out += "complete -c fnc -n '__fish_seen_subcommand_from " + command.name + "'";
      for (const std::string &name : entry.names)
        out += name[1] == '-' ? " -l " + name.substr(2) : " -s " + name.substr(1);
      if (!entry.words.empty())
        out += (entry.names.empty() ? " -f -a " : " -x -a ") + quoted(join(entry.words));
      else if (entry.hasValue)
        out += " -r";
      out += (entry.description.empty() ? "" : " -d " + quoted(entry.description)) + "\n";
    }
  }
  return out;
}

} // namespace

std::string fnc::tool::completionScript(const CLI::App &app, const std::string &shell) {
  std::vector<Command> commands = describeAll(app);
  return shell == "bash"  ? bashScript(commands)
         : shell == "zsh" ? zshScript(commands)
                          : fishScript(commands);
}
