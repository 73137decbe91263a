// Package settings reads a program's settings: from flags, then from the
// environment, then from their defaults.
//
// Guarantee: a setting's flag, variable, default and meaning stand in one place,
// the tags of its field; what `config` prints is made from the same tags; a
// value that cannot be read is an error that names flag, variable and value.
package settings

import (
	"flag"
	"fmt"
	"io"
	"os"
	"reflect"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"
)

// Row is one setting as people see it.
type Row struct {
	Flag, Variable, Default, Meaning string
	value                            reflect.Value
}

// Rows lists the settings of a struct: its fields with the tags flag, default
// and doc; structs in it are walked. The variable is FAIRFLOOR_ and the flag in capitals.
func Rows(into any) []Row { return rows(reflect.ValueOf(into).Elem()) }

func rows(v reflect.Value) []Row {
	var all []Row
	for i := range v.NumField() {
		field := v.Type().Field(i)
		name, ok := field.Tag.Lookup("flag")
		switch {
		case ok:
			all = append(all, Row{
				Flag: name, Variable: "FAIRFLOOR_" + strings.ToUpper(strings.ReplaceAll(name, "-", "_")),
				Default: field.Tag.Get("default"), Meaning: field.Tag.Get("doc"), value: v.Field(i),
			})
		case field.Type.Kind() == reflect.Struct:
			all = append(all, rows(v.Field(i))...)
		}
	}
	return all
}

// Bind registers a flag for each setting. The variable's value, where there is
// one, takes the place of the default. lookup is os.LookupEnv outside of tests.
func Bind(flags *flag.FlagSet, into any, lookup func(string) (string, bool)) error {
	for _, row := range Rows(into) {
		text, from := row.Default, "the default of -"+row.Flag
		if given, ok := lookup(row.Variable); ok {
			text, from = given, row.Variable
		}
		if text != "" || row.value.Kind() == reflect.String {
			if err := set(row.value, text); err != nil {
				return fmt.Errorf("%s: %q: %w", from, text, err)
			}
		}
		flags.Var(holder{row.value}, row.Flag, fmt.Sprintf("%s (%s, default %q)", row.Meaning, row.Variable, row.Default))
	}
	return nil
}

// Read fills a struct from arguments and environment. It gives the arguments
// that are left.
func Read(name string, into any, args []string) ([]string, error) {
	flags := flag.NewFlagSet(name, flag.ContinueOnError)
	if err := Bind(flags, into, os.LookupEnv); err != nil {
		return nil, err
	}
	err := flags.Parse(args)
	return flags.Args(), err
}

// Print writes every setting with its present value, default and meaning.
func Print(w io.Writer, into any) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(t, "FLAG\tVARIABLE\tVALUE\tDEFAULT\tMEANING")
	for _, row := range Rows(into) {
		_, _ = fmt.Fprintf(t, "--%s\t%s\t%s\t%s\t%s\n", row.Flag, row.Variable, quote(fmt.Sprint(row.value.Interface())), quote(row.Default), row.Meaning)
	}
	return t.Flush()
}

// quote shows an empty value as what it is.
func quote(text string) string {
	if text == "" {
		return `""`
	}
	return text
}

// holder is a setting as a flag.Value (and pflag's, which also asks for a type).
type holder struct{ value reflect.Value }

// String gives the present value.
func (h holder) String() string {
	if !h.value.IsValid() {
		return ""
	}
	return fmt.Sprint(h.value.Interface())
}

// Set reads a value.
func (h holder) Set(text string) error { return set(h.value, text) }

// Type names the value's type in a usage text.
func (h holder) Type() string { return h.value.Type().String() }

// IsBoolFlag lets a flag stand without a value.
func (h holder) IsBoolFlag() bool { return h.value.Kind() == reflect.Bool }

// Value is a setting as a flag set of any package takes it.
type Value interface {
	String() string
	Set(text string) error
	// Type names the value's type in a usage text.
	Type() string
}

// Values gives each setting by its flag.
func Values(into any) map[string]Value {
	all := map[string]Value{}
	for _, row := range Rows(into) {
		all[row.Flag] = holder{row.value}
	}
	return all
}

func set(v reflect.Value, text string) error {
	if v.Type() == reflect.TypeFor[time.Duration]() {
		d, err := time.ParseDuration(text)
		if err != nil {
			return fmt.Errorf("not a duration such as 1500ms, 30s or 2h")
		}
		v.SetInt(int64(d))
		return nil
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString(text)
	case reflect.Bool:
		b, err := strconv.ParseBool(text)
		if err != nil {
			return fmt.Errorf("neither true nor false")
		}
		v.SetBool(b)
	case reflect.Int, reflect.Int64:
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return fmt.Errorf("not a whole number")
		}
		v.SetInt(n)
	case reflect.Uint64:
		n, err := strconv.ParseUint(text, 10, 64)
		if err != nil {
			return fmt.Errorf("not a whole number of at least 0")
		}
		v.SetUint(n)
	case reflect.Float64:
		f, err := strconv.ParseFloat(text, 64)
		if err != nil {
			return fmt.Errorf("not a number")
		}
		v.SetFloat(f)
	case reflect.Slice:
		v.Set(reflect.Zero(v.Type()))
		for _, part := range strings.Split(text, ",") {
			if part = strings.TrimSpace(part); part != "" {
				v.Set(reflect.Append(v, reflect.ValueOf(part)))
			}
		}
	default:
		return fmt.Errorf("settings of type %s cannot be read", v.Type())
	}
	return nil
}
