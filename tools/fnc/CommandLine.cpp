//===- CommandLine.cpp - help pages and messages --------------------------===//

#include "CommandLine.h"
#include "Commands.h"
#include "compiler/graph/Nearest.h"

using namespace fnc;
using namespace fnc::tool;

namespace {

/// What an option takes, without the words that CLI11 adds: "FILE".
std::string typeOf(const CLI::Option *option) {
  std::string type = option->get_type_name();
  return type.substr(0, type.find(':'));
}

class HelpFormat : public CLI::Formatter {
public:
  HelpFormat() {
    column_width(30);
    label("Positionals", "Arguments");
    label("Subcommands", "Commands");
    label("SUBCOMMAND", "COMMAND");
  }

  std::string make_option_name(const CLI::Option *option, bool isPositional) const override {
    return isPositional ? typeOf(option) : option->get_name(false, true);
  }

  std::string make_option_opts(const CLI::Option *option) const override {
    // Positionals are named by what they take; values to choose from are part of the description.
    if (option->get_positional() || option->get_type_size() == 0)
      return "";
    return " " + typeOf(option);
  }

  std::string make_option_desc(const CLI::Option *option) const override {
    std::string text = option->get_description();
    std::string type = option->get_type_name();
    if (size_t at = type.find(":{"); at != std::string::npos && option->get_items_expected() > 0) {
      std::string words = type.substr(at + 2, type.size() - at - 3);
      text += ": ";
      for (char c : words)
        text += c == ',' ? std::string(", ") : std::string(1, c);
    }
    if (!option->get_default_str().empty())
      text += " (default: " + option->get_default_str() + ")";
    else if (option->get_required() && !option->get_positional())
      text += " (required)";
    return wrap(text);
  }

  std::string make_subcommand(const CLI::App *command) const override {
    std::stringstream out;
    CLI::detail::format_help(out, command->get_name(), command->get_description(), 14);
    return out.str();
  }

  std::string make_help(const CLI::App *app, std::string name,
                        CLI::AppFormatMode mode) const override {
    std::string page = CLI::Formatter::make_help(app, std::move(name), mode);
    page = CLI::detail::find_and_replace(page, "\n\n\n", "\n\n");
    return CLI::detail::find_and_replace(page, "\nSubcommands:\n", "\nCommands:\n");
  }

private:
  /// Lines of at most 100 columns beside the names.
  std::string wrap(const std::string &text) const {
    std::string out, word;
    size_t column = 0;
    std::stringstream words(text);
    while (words >> word) {
      if (column && column + 1 + word.size() > 100 - get_column_width()) {
        out += '\n';
        column = 0;
      } else if (column) {
        out += ' ';
        ++column;
      }
      out += word;
      column += word.size();
    }
    return out;
  }
};

/// The command that was given, or the program itself.
const CLI::App &given(const CLI::App &app) {
  auto commands = app.get_subcommands();
  return commands.empty() ? app : given(*commands.front());
}

std::string fullName(const CLI::App &app) {
  return app.get_parent() ? fullName(*app.get_parent()) + " " + app.get_name() : app.get_name();
}

std::vector<std::string> optionNames(const CLI::App &app) {
  std::vector<std::string> names;
  for (const CLI::Option *option : app.get_options()) {
    for (const std::string &name : option->get_lnames())
      names.push_back("--" + name);
    for (const std::string &name : option->get_snames())
      names.push_back("-" + name);
  }
  return names;
}

/// What is wrong with words that nothing took.
std::string describeExtra(const CLI::App &app, const std::string &word) {
  if (word.size() > 1 && word.front() == '-') {
    std::string name = word.substr(0, word.find('='));
    return "unknown option '" + name + "'" + didYouMean(name, optionNames(app));
  }
  std::vector<std::string> commands;
  for (const CLI::App *command : app.get_subcommands({}))
    commands.push_back(command->get_name());
  if (commands.empty())
    return "unexpected argument '" + word + "'";
  return "unknown command '" + word + "'" + didYouMean(word, commands);
}

} // namespace

void fnc::tool::setHelpFormat(CLI::App &app) { app.formatter(std::make_shared<HelpFormat>()); }

CLI::Validator fnc::tool::oneOf(const std::vector<std::string> &words) {
  return CLI::Validator(
      [words](std::string &word) -> std::string {
        if (std::find(words.begin(), words.end(), word) != words.end())
          return "";
        std::string near = didYouMean(word, words);
        return "unknown value '" + word + "'" +
               (near.empty() ? "; expected one of " + CLI::detail::join(words, ", ") : near);
      },
      "{" + CLI::detail::join(words) + "}");
}

int fnc::tool::report(const CLI::App &app, const CLI::ParseError &error) {
  if (error.get_exit_code() == 0)
    return app.exit(error) == 0 ? kDone : kBadUsage;
  const CLI::App &command = given(app);
  std::string message = error.what();
  // Something unknown explains what is missing: a misspelt name is both.
  std::vector<std::string> extra = command.remaining();
  if (!extra.empty() && dynamic_cast<const CLI::ValidationError *>(&error) == nullptr)
    message = describeExtra(command, extra.front());
  else if (dynamic_cast<const CLI::RequiredError *>(&error) && &command == &app)
    message = "expected a command";
  // Positionals go by what they take, as on the help page.
  for (const CLI::Option *option : command.get_options())
    if (option->get_positional() && message == option->get_name() + " is required")
      message = typeOf(option) + " is required";
  std::cerr << fullName(command) << ": error: " << message << "\n"
            << "'" << fullName(command) << " --help' describes its options\n";
  return kBadUsage;
}
