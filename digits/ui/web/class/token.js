// The teacher's token leaves the address before anything else runs: no link, no history and no request has it. The
// page's head holds this script itself, and only where there is a class.
(() => {
  const address = new URL(location.href);
  const token = address.searchParams.get('teacher');
  if (token === null) return;
  address.searchParams.delete('teacher');
  address.searchParams.set('tab', 'class');
  history.replaceState(null, '', address);
  try {
    sessionStorage.setItem('digits-teacher', token);
  } catch {
    window.digitsTeacher = token; // storage is blocked: until the page is left
  }
})();
