package shell_test

func crashing() bool { return false }
