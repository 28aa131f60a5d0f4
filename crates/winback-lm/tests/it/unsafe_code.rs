//! Only the kernels may hold code that the compiler does not check.

#[test]
fn every_module_but_the_kernels_forbids_unsafe_code() {
    let lib = include_str!("../../src/lib.rs");
    let lines: Vec<&str> = lib.lines().collect();
    let modules: Vec<(usize, &str)> =
        lines.iter().enumerate().filter_map(|(at, line)| Some((at, line.trim_start_matches("pub ").strip_prefix("mod ")?))).collect();
    assert!(modules.len() > 15, "{modules:?}");
    for (at, module) in modules {
        assert!(module == "kernels;" || lines[at - 1] == "#[forbid(unsafe_code)]", "mod {module} does not forbid unsafe code");
    }
}
